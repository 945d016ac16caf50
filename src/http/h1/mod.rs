//! HTTP/1.1 as pure states: bytes in, bytes out, no socket, no clock.
