//! The HTTP client of hyper with the pool of hyper-util, on the single-threaded runtime of tokio. usage: client URL COUNT AT_ONCE
use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper_util::client::legacy::{connect::HttpConnector, Client};
use hyper_util::rt::TokioExecutor;

fn client(at_once: usize) -> Client<HttpConnector, Empty<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(at_once).build(connector)
}

/// Reads the whole of a body; how many bytes it has.
async fn fetch(client: &Client<HttpConnector, Empty<Bytes>>, url: Uri) -> usize {
    let mut body = client.get(url).await.unwrap().into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().data_ref().map_or(0, Bytes::len);
    }
    bytes
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let url: Uri = arguments[1].parse().unwrap();
    let left = Rc::new(Cell::new(arguments[2].parse::<usize>().unwrap()));
    let at_once: usize = arguments[3].parse().unwrap();
    let bytes = Rc::new(Cell::new(0usize));
    let client = client(at_once);
    let local = tokio::task::LocalSet::new();
    let mut tasks = Vec::new();
    for _ in 0..at_once {
        let (client, url, left, bytes) = (client.clone(), url.clone(), left.clone(), bytes.clone());
        tasks.push(local.spawn_local(async move {
            while left.get() > 0 {
                left.set(left.get() - 1);
                let received = fetch(&client, url.clone()).await;
                bytes.set(bytes.get() + received);
            }
        }));
    }
    local.run_until(async { for task in tasks { task.await.unwrap(); } }).await;
    println!("{{\"bytes\": {}}}", bytes.get());
}
