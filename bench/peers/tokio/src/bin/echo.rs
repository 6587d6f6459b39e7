//! The echo server of tokio, on its single-threaded runtime.
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

async fn echo(mut stream: TcpStream) {
    // Not filled before it is read into: what no message needs is never touched.
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        buffer.clear();
        match stream.read_buf(&mut buffer).await {
            Ok(count) if count > 0 => {
                if stream.write_all(&buffer).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(4096)?;  // as the others
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}
