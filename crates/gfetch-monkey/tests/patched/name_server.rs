//! A name server for the tests: answers for `NUMBER-DELAY.test`, says of `none.test` that it is not, and of `silent.test`
//! nothing.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;
use std::time::Duration;

const A: u16 = 1;
const PTR: u16 = 12;

/// A thread that answers on `address`, port 53, from then on; each answer on a thread of its own.
pub fn serve(address: &str) {
    let socket = UdpSocket::bind((address, 53)).unwrap();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut query) {
            let (query, socket) = (query[..length].to_vec(), socket.try_clone().unwrap());
            thread::spawn(move || {
                if let Some(answer) = answer(&query) {
                    let _ = socket.send_to(&answer, client);
                }
            });
        }
    });
}

/// RFC 1035, section 4.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(std::str::from_utf8(&query[at + 1..end]).unwrap().to_ascii_lowercase());
        at = end;
    }
    let end_of_question = at + 5;
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let (mut code, mut data) = (0, None);
    match (labels[0].as_str(), kind) {
        ("silent", _) => return None,
        ("none", _) => code = 3,
        (octet, PTR) => {
            thread::sleep(Duration::from_millis(200));
            let host = format!("host-{octet}");
            data = Some([&[host.len() as u8], host.as_bytes(), b"\x04test\0"].concat());
        }
        (label, kind) => {
            let (number, delay) = label.split_once('-')?;
            thread::sleep(Duration::from_millis(delay.parse().ok()?));
            data = (kind == A).then(|| Ipv4Addr::new(10, 0, 0, number.parse().unwrap()).octets().to_vec());
        }
    }
    let mut told = query[..2].to_vec();
    told.extend([0x85, 0x80 | code, 0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0]);
    told.extend(&query[12..end_of_question]);
    if let Some(data) = data {
        told.extend([0xc0, 12]);
        told.extend(kind.to_be_bytes());
        told.extend([0, 1, 0, 0, 0, 60]);
        told.extend((data.len() as u16).to_be_bytes());
        told.extend(data);
    }
    Some(told)
}
