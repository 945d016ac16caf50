//! A body whose last byte has come: fit for any hub, finished where its line is.

use std::io;
use std::path::PathBuf;

use super::{Finished, Save};
use crate::fetch::spool::Spool;
use crate::http::Client;

/// A body that has come, as far as it did. Any hub may have it.
#[derive(Default)]
pub(in crate::fetch) enum Landed {
    #[default]
    Nothing,
    Print {
        spool: Spool,
        /// A byte is out: the request must not be made again.
        shown: bool,
    },
    Save(Box<Save>),
}

impl Landed {
    /// Whether a byte has been shown already.
    pub fn has_shown(&self) -> bool {
        matches!(self, Landed::Print { shown: true, .. })
    }

    /// Whether a file could not be written because the disk is full, or the user's share of it, or what a file may have.
    pub fn disk_is_full(&self) -> bool {
        matches!(self, Landed::Save(save) if save.disk_is_full())
    }

    /// The file that it is saved to, if it is.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Landed::Save(save) => Some(save.path().to_owned()),
            _ => None,
        }
    }

    /// The body is whole. What is left to print is returned, where a file was written its path. Where a descriptor is
    /// wanting for that, an idle connection of `client` makes room.
    pub fn finish(self, client: &Client) -> io::Result<Finished> {
        Ok(match self {
            Landed::Nothing => Finished::default(),
            Landed::Print { spool, .. } => Finished { body: Some(spool), ..Finished::default() },
            Landed::Save(save) => save.finish(client)?,
        })
    }
}
