//! Each shell loads its script and completes by it: options, their words, files, and the words that count first.

use std::process::Command;

use super::runner::Dir;
use super::{generated, has, told};

/// What is typed, and the one thing that it can become; none: nothing may be offered.
const TYPED: &[(&str, Option<&str>)] = &[
    ("gfetch --unor", Some("--unordered")),
    ("gfetch http://a/ --unor", Some("--unordered")),
    ("gfetch -j 5 http://a/ http://b/ --unor", Some("--unordered")),
    ("gfetch --format js", Some("json")),
    ("gfetch --color alw", Some("always")),
    ("gfetch --generate m", Some("man")),
    ("gfetch -i url", Some("urls.txt")),
    ("gfetch --resolve a --color alw", Some("always")),
    ("gfetch ser", Some("serve")),
    ("gfetch serve --po", Some("--port")),
    ("gfetch demo --ru", Some("--runs")),
    ("gfetch demo --unor", None),
    ("gfetch --har", Some("--har")),
];

fn folder() -> Dir {
    let dir = Dir::new();
    dir.write("urls.txt", "");
    dir
}

#[test]
fn bash_loads_and_completes() {
    if !has("bash") {
        return;
    }
    let dir = folder();
    let script = generated(&dir, "complete-bash", "gfetch.bash");
    // As bash calls it: the command, the word that is completed, the one before. compopt complains outside of a completion.
    let complete = r#"source "$1" || exit 1
        complete -p gfetch | grep -q -- '-F _gfetch' || exit 2
        COMP_WORDS=($2); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _gfetch gfetch "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
        printf '%s ' "${COMPREPLY[@]}""#;
    for (typed, becomes) in TYPED {
        let bash = &["--norc", "--noprofile", "-c", complete, "bash", &script, typed];
        let told = told(Command::new("bash").args(bash).current_dir(dir.path()));
        assert_eq!(told.trim(), becomes.unwrap_or_default(), "{typed}");
    }
}

#[test]
fn fish_loads_and_completes() {
    if !has("fish") {
        return;
    }
    let dir = folder();
    let script = generated(&dir, "complete-fish", "gfetch.fish");
    for (typed, becomes) in TYPED {
        let line = format!("source {script}; and complete -C '{typed}'");
        let told = told(Command::new("fish").args(["--no-config", "-c", &line]).current_dir(dir.path()));
        let offered: Vec<&str> = told.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(offered, becomes.as_slice(), "{typed}");
    }
}

#[test]
fn zsh_loads_and_completes() {
    if !has("zsh") {
        return;
    }
    let dir = folder();
    generated(&dir, "complete-zsh", "_gfetch");
    // A zsh under a terminal of its own: the script is found as it would be installed, a tab completes, ^X shows the line.
    let mut script = String::from(
        r#"zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "PS1= RPS1=; unsetopt beep; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -D;
            bindkey '^I' complete-word; show() { print -r -- \"<<\$BUFFER>>\"; zle kill-whole-line }; zle -N show;
            bindkey '^X' show; print REA''DY"
        zpty -r -m z line '*READY*'
        try() { zpty -w -n z "$1"$'\t\x18'; zpty -r -m z line '*>>*'; line=${line##*<<}; print -r -- "${line%%>>*}" }
        "#,
    );
    TYPED.iter().for_each(|(typed, _)| script += &format!("try '{typed}'\n"));
    let file = dir.write("try.zsh", script);
    // timeout: what does not answer must not hold the tests.
    let told = told(Command::new("timeout").args(["60", "zsh", "-f", &file]).current_dir(dir.path()));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), TYPED.len(), "{told}");
    for (line, (typed, becomes)) in lines.iter().zip(TYPED) {
        let words = typed.rsplit_once(' ').unwrap().0;
        let expected = becomes.map_or((*typed).to_owned(), |word| format!("{words} {word}"));
        assert_eq!(line.trim_end().trim_end_matches('='), expected);
    }
}

#[test]
fn elvish_loads_and_completes() {
    if !has("elvish") || !has("script") {
        return;
    }
    let dir = folder();
    let script = generated(&dir, "complete-elvish", "gfetch.elv");
    let out = dir.at("out");
    // Its completions exist only at a terminal, and clap's for it know options and words, not values.
    let mut rc = format!("eval (slurp < {script})\n");
    let offers = |typed: &str| {
        let words: Vec<String> = typed.split(' ').map(|word| format!("'{word}'")).collect();
        let offered = format!("$edit:completion:arg-completer[gfetch] {}", words.join(" "));
        format!("for c [({offered})] {{ print $c[stem]' ' >> {out} }}\necho '' >> {out}\n")
    };
    for typed in ["gfetch http://a/ --unor", "gfetch ser", "gfetch serve --po", "gfetch demo --ru"] {
        rc += &offers(typed);
    }
    let rc = dir.write("rc.elv", rc + "exit\n");
    let command = format!("timeout 30 elvish -rc {rc}");
    told(
        Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .env("HOME", dir.path())
            // What it keeps while it runs goes with the folder.
            .env("XDG_RUNTIME_DIR", dir.path())
            .stdin(std::process::Stdio::null()),
    );
    let out = dir.read("out");
    let offered: Vec<Vec<&str>> = out.lines().map(|line| line.split(' ').collect()).collect();
    let holds = |n: usize, word: &str| offered[n].contains(&word);
    assert!(holds(0, "--unordered") && holds(1, "serve") && holds(1, "demo"), "{out}");
    assert!(holds(2, "--port") && !holds(2, "--unordered") && holds(3, "--runs"), "{out}");
}

/// Brackets outside of single and double quotes, which must come to nothing; quotes must close on their line.
fn is_balanced(line: &str, depth: &mut i64) -> bool {
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '(' | '{' | '[') => *depth += 1,
            (None, ')' | '}' | ']') => *depth -= 1,
            _ => {}
        }
    }
    quote.is_none() && *depth >= 0
}

#[test]
fn powershells_script_closes_what_it_opens() {
    let dir = Dir::new();
    generated(&dir, "complete-powershell", "gfetch.ps1");
    let script = dir.read("gfetch.ps1");
    let mut depth = 0;
    let bad: Vec<&str> = script.lines().filter(|line| !is_balanced(line, &mut depth)).collect();
    assert_eq!((bad, depth), (vec![], 0));
    assert!(script.contains("Register-ArgumentCompleter -Native -CommandName 'gfetch'"));
    assert!(script.contains("'--unordered'") && script.contains("'gfetch;serve'"));
}
