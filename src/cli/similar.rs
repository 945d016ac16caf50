//! The word that was probably meant by one that is none.

/// Below it two words have little in common: `write-out` and `timeouts` have 0.5, `compare` and `compair` 0.8.
const SIMILAR_FROM: f64 = 0.65;

/// The most similar of `words`, if one is similar at all; upper and lower case are the same here.
pub fn similar<W: AsRef<str>>(typed: &str, words: impl IntoIterator<Item = W>) -> Option<W> {
    let typed = typed.to_lowercase();
    let rate = |word: &str| match strsim::osa_distance(&typed, word) {
        // One slip, also in a word so short that two thirds of it are left: `cvs`.
        0 | 1 if word.len() > 2 => 1.0 + strsim::jaro(&typed, word),
        // Letters in common are not enough, for a long word has those of every short one.
        slips => {
            let longest = typed.chars().count().max(word.chars().count()).max(1);
            let as_it_stands = 1.0 - slips as f64 / longest as f64;
            (as_it_stands + strsim::jaro(&typed, word)) / 2.0
        }
    };
    let rated = words.into_iter().map(|word| (rate(&word.as_ref().to_lowercase()), word));
    rated.filter(|(rate, _)| *rate >= SIMILAR_FROM).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_another_was_probably_meant() {
        let of = |typed| similar(typed, ["text", "json", "csv"]);
        assert_eq!(
            (of("jsno"), of("JSON"), of("txt"), of("cvs")),
            (Some("json"), Some("json"), Some("text"), Some("csv"))
        );
        assert_eq!((of("xml"), of(""), of("yaml")), (None, None, None));
        let of = |typed| similar(typed, ["write-out", "http2-prior-knowledge", "output-dir", "compare"]);
        assert_eq!((of("timeouts"), of("tri"), of("quiet")), (None, None, None));
        assert_eq!((of("output-directory"), of("compair")), (Some("output-dir"), Some("compare")));
    }
}
