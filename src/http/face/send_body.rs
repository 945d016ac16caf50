//! What a request of the face carries: nothing, bytes, or a reader.

use std::io::Read;

use crate::http::upload::Upload;

/// A request's body: `()` for none, bytes or text, or a reader, of known length or not.
///
/// ```
/// use gfetch::http::SendBody;
/// let text: SendBody = "a=1".into();
/// let bytes = SendBody::from(vec![1, 2, 3]);
/// let known = SendBody::sized(&b"twelve bytes"[..], 12);
/// let unknown = SendBody::reader(std::io::repeat(b'x')); // in chunks
/// # drop((text, bytes, known, unknown));
/// ```
#[derive(Debug, Default)]
pub struct SendBody(pub(super) Kind);

#[derive(Debug, Default)]
pub(super) enum Kind {
    #[default]
    None,
    Bytes(Vec<u8>),
    Upload(Upload),
}

impl SendBody {
    /// No body.
    pub fn none() -> SendBody {
        SendBody::default()
    }

    /// All that `reader` gives, read as it is sent, in chunks (RFC 9112 section 7.1). The reader may wait as green threads
    /// do; one that blocks the thread (a file on a slow disk) blocks them all. It can be sent once: a redirect that asks
    /// for it again is an error.
    pub fn reader(reader: impl Read + 'static) -> SendBody {
        SendBody(Kind::Upload(Upload::new(reader, None)))
    }

    /// The same of exactly `length` bytes, which `Content-Length` announces. Fewer are an error, more are not read.
    pub fn sized(reader: impl Read + 'static, length: u64) -> SendBody {
        SendBody(Kind::Upload(Upload::new(reader, Some(length))))
    }

    /// How many bytes it has, if that is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::None => Some(0),
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Upload(upload) => upload.length(),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    /// Whether it can be sent from its beginning.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(&self.0, Kind::Upload(upload) if upload.has_begun())
    }
}

impl From<()> for SendBody {
    fn from((): ()) -> SendBody {
        SendBody::none()
    }
}

impl From<Vec<u8>> for SendBody {
    fn from(bytes: Vec<u8>) -> SendBody {
        SendBody(Kind::Bytes(bytes))
    }
}

impl From<String> for SendBody {
    fn from(text: String) -> SendBody {
        SendBody::from(text.into_bytes())
    }
}

impl From<&[u8]> for SendBody {
    fn from(bytes: &[u8]) -> SendBody {
        SendBody::from(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for SendBody {
    fn from(bytes: &[u8; N]) -> SendBody {
        SendBody::from(bytes.to_vec())
    }
}

impl From<&str> for SendBody {
    fn from(text: &str) -> SendBody {
        SendBody::from(text.as_bytes())
    }
}

impl<B: Into<SendBody>> From<Option<B>> for SendBody {
    fn from(body: Option<B>) -> SendBody {
        body.map_or_else(SendBody::none, Into::into)
    }
}
