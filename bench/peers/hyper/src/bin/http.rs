//! The HTTP server of hyper, on the single-threaded runtime of tokio, with rustls.
//! usage: http FOLDER [CERTIFICATE KEY]
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{combinators::BoxBody, BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tokio_rustls::rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use tokio_util::io::ReaderStream;

type Body = BoxBody<Bytes, std::io::Error>;

fn text(kind: &'static str, body: &'static [u8]) -> Response<Body> {
    let body = Full::new(Bytes::from_static(body)).map_err(|never: Infallible| match never {}).boxed();
    Response::builder().header("content-type", kind).body(body).unwrap()
}

async fn file(path: String) -> std::io::Result<Response<Body>> {
    let file = tokio::fs::File::open(path).await?;
    let size = file.metadata().await?.len();
    let pieces = ReaderStream::with_capacity(file, 64 * 1024).map_ok(Frame::data);
    Ok(Response::builder()
        .header("content-type", "application/octet-stream")
        .header("content-length", size)
        .body(BodyExt::boxed(StreamBody::new(pieces)))
        .unwrap())
}

async fn answer(folder: Arc<String>, request: Request<Incoming>) -> std::io::Result<Response<Body>> {
    match request.uri().path() {
        "/plaintext" => Ok(text("text/plain", b"Hello, World!")),
        "/json" => Ok(text("application/json", b"{\"message\":\"Hello, World!\"}")),
        path @ ("/files/1k" | "/files/1m") => file(format!("{}{}", folder, &path[6..])).await,
        _ => {
            let mut response = text("text/plain", b"");
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, folder: Arc<String>) {
    let service = service_fn(|request| answer(folder.clone(), request));
    let _ = http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await;
}

fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(|each| each.unwrap()).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.send_tls13_tickets = 2;  // as OpenSSL does by itself
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = Arc::new(arguments[1].clone());
    let tls = (arguments.len() > 3).then(|| acceptor(&arguments[2], &arguments[3]));
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(4096)?;  // as the others
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (folder, tls) = (folder.clone(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(stream, folder).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, folder).await;
                    }
                }
            }
        });
    }
}
