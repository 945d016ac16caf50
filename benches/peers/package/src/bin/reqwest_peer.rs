//! Fetches the URLs of a file all at once with tokio (one thread) and reqwest, counts the bodies, prints the totals.

use std::io::BufRead;

fn main() {
    let path = std::env::args().nth(1).expect("usage: reqwest_peer LIST");
    let list = std::io::BufReader::new(std::fs::File::open(path).expect("the list opens"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (answers, bytes) = runtime.block_on(fetch(list));
    println!("{answers} {bytes}");
}

async fn fetch(list: impl BufRead) -> (usize, usize) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let tasks: Vec<_> = list.lines().map(|url| tokio::spawn(one(client.clone(), url.expect("a line")))).collect();
    let (mut answers, mut bytes) = (0, 0);
    for task in tasks {
        if let Some(length) = task.await.expect("no panic") {
            answers += 1;
            bytes += length;
        }
    }
    (answers, bytes)
}

/// The length of the body of a successful answer.
async fn one(client: reqwest::Client, url: String) -> Option<usize> {
    let mut response = client.get(url).send().await.ok()?.error_for_status().ok()?;
    let mut length = 0;
    while let Some(chunk) = response.chunk().await.ok()? {
        length += chunk.len();
    }
    Some(length)
}
