//! Whether two paths name one file, however they are spelled: nothing that is written may take another's place unseen.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gfetch::fetch::behind_links;

/// Whether both name the same file. One that is not there yet is known by its folder and its name.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let (one, other) = (&led(one), &led(other));
    if one == other {
        return true;
    }
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => are_one(&one, &other),
        (Err(_), Err(_)) if one.file_name() == other.file_name() => match (folder(one), folder(other)) {
            (Some(one), Some(other)) => are_one(&one, &other),
            _ => false,
        },
        _ => false,
    }
}

/// Whether both are of one file: a hard link is, and where a symbolic link leads.
pub fn are_one(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where links lead that lead nowhere yet; what is there the system follows.
fn led(path: &Path) -> PathBuf {
    // Without `./`, so that in a folder that is not there yet names are told by their words.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    behind_links(&path).unwrap_or(path)
}

fn folder(path: &Path) -> Option<Metadata> {
    let folder = path.parent()?;
    fs::metadata(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_by_whatever_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::write(at("other"), "").unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        std::os::unix::fs::symlink("file", at("soft")).unwrap();
        for name in ["file", "folder/../file", "hard", "soft"] {
            assert!(is_same(&at("file"), &at(name)), "{name}");
        }
        for name in ["other", "folder/file", "none", "folder"] {
            assert!(!is_same(&at("file"), &at(name)), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_yet_is_known_by_its_folder_and_its_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("folder")).unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(is_same(&at("new"), &at("folder/../new")));
        assert!(is_same(Path::new("no such file"), Path::new("./no such file")));
        assert!(is_same(Path::new("no such folder/file"), Path::new("./no such folder/./file")));
        std::os::unix::fs::symlink("new", at("led")).unwrap();
        assert!(is_same(&at("new"), &at("led")) && !is_same(&at("newer"), &at("led")));
        for name in ["newer", "folder/new", "none/new"] {
            assert!(!is_same(&at("new"), &at(name)), "{name}");
        }
    }
}
