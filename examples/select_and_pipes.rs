//! Waiting for descriptors: three greenlets and a select (S3.3), and a relay process behind a pipe (S3.34).
//!
//! `cargo run --example select_and_pipes`

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, join_all, offload, sleep, spawn};
use gfetch::net::{nb_read, nb_write, select, wait_readable, wait_writable};

/// Two greenlets busy-waiting in a select of two seconds, and one that has something else to do meanwhile.
pub fn three_greenlets(say: impl Fn(String) + Clone + 'static) -> io::Result<()> {
    let start = green::now();
    let tic = move || format!("at {:.1} seconds", (green::now() - start).as_secs_f64());
    let polling = || {
        let say = say.clone();
        spawn(move || {
            say(format!("started Polling: {}", tic()));
            select(&[], &[], &[], Some(Duration::from_secs(2))).unwrap();
            say(format!("ended Polling: {}", tic()));
        })
    };
    let say = say.clone();
    let tasks = [
        polling(),
        polling(),
        spawn(move || {
            say(format!("Hey lets do some stuff while the greenlets poll, {}", tic()));
            sleep(Duration::from_secs(1)).unwrap();
        }),
    ];
    Ok(join_all(&tasks)?)
}

/// Sends ten messages to a process that sends them back, waiting for the descriptor before each write and read; what was
/// received. Both greenlets end long before the second that the tutorial gives them.
pub fn relay() -> io::Result<Vec<String>> {
    let (own, theirs) = UnixStream::pair()?;
    own.set_nonblocking(true)?;
    let ends = [theirs.try_clone()?, theirs].map(|end| Stdio::from(OwnedFd::from(end)));
    let [input, output] = ends;
    let mut relay = Command::new("cat").stdin(input).stdout(output).spawn()?;
    let own = Rc::new(own);
    let received = Rc::new(RefCell::new(Vec::new()));

    let putting = own.clone();
    let put = spawn(move || -> io::Result<()> {
        for n in 0..10 {
            wait_writable(&*putting, None)?;
            nb_write(&*putting, format!("hi in {n}\n").as_bytes())?;
        }
        Ok(())
    });
    let (getting, noting) = (own.clone(), received.clone());
    let get = spawn(move || -> io::Result<()> {
        let (mut text, mut buffer) = (String::new(), [0; 64]);
        while noting.borrow().len() < 10 {
            wait_readable(&*getting, None)?;
            let length = nb_read(&*getting, &mut buffer)?;
            text.push_str(&String::from_utf8_lossy(&buffer[..length]));
            while let Some(end) = text.find('\n') {
                let line: String = text.drain(..=end).collect();
                noting.borrow_mut().push(line.trim_end().to_owned());
            }
        }
        Ok(())
    });
    let ended = green::timeout(Duration::from_secs(1), || join_all(&[put, get]));
    assert!(ended.is_ok(), "both end early");
    own.shutdown(std::net::Shutdown::Write)?;
    offload(move || relay.wait())??;
    Ok(received.take())
}

/// What is left in a pipe whose writer has gone, for `main`'s own story.
fn pipe_story() -> io::Result<String> {
    let (mut reader, mut writer) = gfetch::net::pipe()?;
    spawn(move || writer.write_all(b"through a pipe").unwrap());
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    Ok(text)
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    green::run(|| {
        three_greenlets(|line| println!("{line}"))?;
        relay()?.iter().for_each(|line| println!("{line}"));
        println!("{}", pipe_story()?);
        Ok(())
    })
}
