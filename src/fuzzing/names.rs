//! Names of files that servers choose.

use std::path::Path;

use super::addresses::check_path;
use crate::fetch::names::HeaderNames;
use crate::http::disposition::file_name;

/// The value of a `Content-Disposition` field: whatever it names becomes a plain file in its folder, and two entries never
/// get the same one.
pub fn dispositions(data: &[u8]) {
    if let Some(name) = file_name(data) {
        assert!(!name.is_empty());
        // Latin-1 may double it, and the replacement of what is not UTF-8 is not used.
        assert!(name.len() <= 2 * data.len(), "{} bytes of {}", name.len(), data.len());
    }
    let mut names = HeaderNames::default();
    let mut paths = Vec::new();
    for index in 0..3 {
        let (path, chosen) = names.claim(index, Path::new("out/given"), Some(data));
        check_path(&path);
        assert_eq!(path.parent(), Some(Path::new("out")), "{path:?}");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!name.starts_with(['.', '-']), "{name:?}");
        assert!(chosen || name.starts_with("given"), "{name:?}");
        assert_eq!(names.claim(index, Path::new("out/given"), Some(data)).0, path, "an entry keeps its name");
        assert!(!paths.contains(&path), "{path:?} twice");
        paths.push(path);
    }
}
