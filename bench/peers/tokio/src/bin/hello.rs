//! Hello world with a loop: sleeps a millisecond, says hello, ends.

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    println!("hello");
}
