//! The HTTP client reqwest, on the single-threaded runtime of tokio. usage: client URL COUNT AT_ONCE
use std::cell::Cell;
use std::rc::Rc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), reqwest::Error> {
    let arguments: Vec<String> = std::env::args().collect();
    let left = Rc::new(Cell::new(arguments[2].parse::<usize>().unwrap()));
    let at_once: usize = arguments[3].parse().unwrap();
    let bytes = Rc::new(Cell::new(0usize));
    let client = reqwest::Client::builder().pool_max_idle_per_host(at_once).build()?;
    let local = tokio::task::LocalSet::new();
    let mut tasks = Vec::new();
    for _ in 0..at_once {
        let (client, url, left, bytes) = (client.clone(), arguments[1].clone(), left.clone(), bytes.clone());
        tasks.push(local.spawn_local(async move {
            while left.get() > 0 {
                left.set(left.get() - 1);
                let mut response = client.get(&url).send().await.unwrap();
                while let Some(piece) = response.chunk().await.unwrap() {
                    bytes.set(bytes.get() + piece.len());
                }
            }
        }));
    }
    local.run_until(async { for task in tasks { task.await.unwrap(); } }).await;
    println!("{{\"bytes\": {}}}", bytes.get());
    Ok(())
}
