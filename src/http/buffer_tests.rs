//! Tests of `buffer`.

use super::*;

/// Gives so many bytes a read, counting up.
struct Counting(usize, u8);

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.min(buffer.len());
        for byte in &mut buffer[..count] {
            (*byte, self.1) = (self.1, self.1.wrapping_add(1));
        }
        Ok(count)
    }
}

#[test]
fn an_empty_buffer_holds_no_memory() {
    let mut buffer = Buffer::default();
    buffer.fill(&mut Counting(3, 0)).unwrap();
    assert_eq!((buffer.bytes(), buffer.len()), (&[0, 1, 2][..], 3));
    buffer.consume(2);
    assert_eq!(buffer.bytes(), [2]);
    buffer.consume(1);
    assert!(buffer.is_empty() && buffer.memory.capacity() == 0);
}

#[test]
fn an_end_and_an_error_hold_no_memory_either() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let mut buffer = Buffer::default();
    assert_eq!(buffer.fill(&mut io::empty()).unwrap(), 0);
    assert_eq!(buffer.memory.capacity(), 0);
    assert!(buffer.fill(&mut Fails).is_err());
    assert_eq!(buffer.memory.capacity(), 0);
}

#[test]
fn what_was_not_consumed_stays_in_order_through_every_move() {
    let mut buffer = Buffer::default();
    let mut source = Counting(40_000, 0);
    let mut next = 0u8;
    for round in 0..50 {
        buffer.fill(&mut source).unwrap();
        let taken = buffer.len() * (round % 4) / 4;
        for &byte in &buffer.bytes()[..taken] {
            assert_eq!(byte, next);
            next = next.wrapping_add(1);
        }
        buffer.consume(taken);
    }
    for &byte in buffer.bytes() {
        assert_eq!(byte, next);
        next = next.wrapping_add(1);
    }
}

#[test]
fn there_is_room_to_read_into_however_full_it_is() {
    let mut buffer = Buffer::default();
    let mut source = Counting(usize::MAX, 0);
    for _ in 0..4 {
        assert!(buffer.fill(&mut source).unwrap() > 0);
    }
    assert_eq!(buffer.len(), 4 * PIECE_BYTES);
    buffer.consume(1);
    assert_eq!(buffer.fill(&mut source).unwrap(), 1);
}

#[test]
fn spare_memory_is_bounded() {
    let mut buffers: Vec<Buffer> = (0..2 * SPARE_PIECES).map(|_| Buffer::default()).collect();
    for buffer in &mut buffers {
        buffer.fill(&mut Counting(1, 0)).unwrap();
    }
    drop(buffers);
    SPARE.with_borrow(|spare| assert_eq!(spare.len(), SPARE_PIECES));
}
