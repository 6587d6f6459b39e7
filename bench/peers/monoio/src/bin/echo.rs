//! The echo server of monoio, on io_uring.
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{ListenerOpts, TcpListener, TcpStream};

async fn echo(mut stream: TcpStream) {
    let mut buffer: Vec<u8> = Vec::with_capacity(64 * 1024);
    loop {
        let (read, filled) = stream.read(buffer).await;
        match read {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let (written, emptied) = stream.write_all(filled).await;
        if written.is_err() {
            return;
        }
        buffer = emptied;
        buffer.clear();
    }
}

#[monoio::main(driver = "io_uring", entries = 4096)]
async fn main() {
    let options = ListenerOpts::new().backlog(4096);
    let listener = TcpListener::bind_with_config(("127.0.0.1", 0), &options).expect("bind");
    println!("{}", listener.local_addr().expect("address").port());
    loop {
        let (stream, _) = listener.accept().await.expect("accept");
        stream.set_nodelay(true).expect("nodelay");
        monoio::spawn(echo(stream));
    }
}
