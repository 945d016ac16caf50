//! Which fields of a record are told, and in which order: `--fields`, and its JSON records.

use super::fields::{ERROR, Field, MORE, Of, TIMINGS, before_objects};
use super::object::object;
use crate::cli::similar::similar;

/// Members of one object stand together in JSON, where its first one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Timings,
    Error,
}

impl Group {
    fn name(self) -> &'static str {
        match self {
            Group::Timings => "timings",
            Group::Error => "error",
        }
    }
}

/// One field that is told.
#[derive(Clone, Copy)]
struct Column {
    group: Option<Group>,
    field: &'static Field,
}

/// The fields that are told, in their order.
#[derive(Clone)]
pub struct Chosen {
    columns: Vec<Column>,
    /// The fields of the usual record, and no other.
    is_usual: bool,
}

/// What has to be gathered for the chosen fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub exchanges: bool,
    pub attempts: bool,
    pub certificates: bool,
    pub hash: bool,
    pub body: bool,
}

impl Default for Chosen {
    fn default() -> Chosen {
        let columns = usual_names().flat_map(columns_of).collect();
        Chosen { columns, is_usual: true }
    }
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Chosen {
    /// Names apart by commas or space. They choose and order; where all begin with `+` they add to the usual ones. What is
    /// named twice is told once, where it stands first.
    ///
    /// # Errors
    /// A name that is none, with the most similar one if there is one.
    pub fn parse(list: &str) -> Result<Chosen, UnknownField> {
        let names = || list.split([',', ' ', '\t', '\n']).filter(|name| !name.is_empty());
        let adds = names().all(|name| name.starts_with('+'));
        let mut chosen = match adds {
            true => Chosen { is_usual: false, ..Chosen::default() },
            false => Chosen { columns: Vec::new(), is_usual: false },
        };
        for name in names() {
            let name = name.strip_prefix('+').unwrap_or(name);
            let columns = columns_of(name);
            if columns.is_empty() {
                return Err(UnknownField::of(name));
            }
            for column in columns {
                if !chosen.columns.iter().any(|other| std::ptr::eq(other.field, column.field)) {
                    chosen.columns.push(column);
                }
            }
        }
        match chosen.columns.is_empty() || names().next().is_none() {
            true => Err(UnknownField::of("")),
            false => Ok(chosen),
        }
    }

    /// Whether these are the fields of the usual record, in their order.
    pub fn is_usual(&self) -> bool {
        self.is_usual
    }

    /// What has to be gathered for them.
    pub fn needs(&self) -> Needs {
        let has = |names: &[&str]| {
            self.columns.iter().any(|column| column.group.is_none() && names.contains(&column.field.name))
        };
        Needs {
            exchanges: has(&["headers", "request_headers", "hops"]),
            attempts: has(&["attempt_log"]),
            certificates: has(&["certs"]),
            hash: has(&["sha256"]),
            body: has(&["body", "body_base64", "body_truncated"]),
        }
    }

    /// Their names, those of nested ones with a dot.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(|column| match column.group {
            Some(group) => format!("{}.{}", group.name(), column.field.name),
            None => column.field.name.to_owned(),
        })
    }

    /// What they hold in a record.
    pub fn values<'a>(&'a self, of: Of<'a>) -> impl Iterator<Item = super::value::Value<'a>> {
        self.columns.iter().map(move |column| column.field.value(of))
    }

    /// Appends a record of them as one line of JSON.
    pub fn record(&self, out: &mut Vec<u8>, of: Of<'_>) {
        object(out, |json| {
            for (place, column) in self.columns.iter().enumerate() {
                match column.group {
                    None => json.put(column.field.name, column.field.value(of)),
                    // Told with the first of them.
                    Some(group) if self.columns[..place].iter().any(|other| other.group == Some(group)) => {}
                    Some(Group::Error) if of.outcome.error.is_none() => json.null("error"),
                    Some(group) => json.object(group.name(), |json| {
                        let members = self.columns[place..].iter().filter(|other| other.group == Some(group));
                        members.for_each(|member| json.put(member.field.name, member.field.value(of)));
                    }),
                }
            }
        });
        out.push(b'\n');
    }
}

/// A name that is no field's.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownField {
    pub name: String,
    pub similar: Option<String>,
}

impl UnknownField {
    fn of(name: &str) -> UnknownField {
        UnknownField { name: name.to_owned(), similar: similar(name, all_names()) }
    }
}

fn usual_names() -> impl Iterator<Item = &'static str> {
    before_objects().map(|field| field.name).chain(["timings", "error"])
}

/// Every name that can be chosen.
pub fn all_names() -> impl Iterator<Item = String> {
    let nested = [(Group::Timings, TIMINGS), (Group::Error, ERROR)].into_iter();
    let nested =
        nested.flat_map(|(group, table)| table.iter().map(move |field| format!("{}.{}", group.name(), field.name)));
    usual_names().chain(MORE.iter().map(|field| field.name)).map(str::to_owned).chain(nested)
}

/// The columns of a name: one, or those of an object. A body has three.
fn columns_of(name: &str) -> Vec<Column> {
    let column = |field| Column { group: None, field };
    let of = |group, table: &'static [Field]| table.iter().map(move |field| Column { group, field });
    let member = |group: Group, table: &'static [Field]| {
        let key = name.strip_prefix(group.name())?.strip_prefix('.')?;
        of(Some(group), table).find(|column| column.field.name == key)
    };
    match name {
        "timings" => of(Some(Group::Timings), TIMINGS).collect(),
        "error" => of(Some(Group::Error), ERROR).collect(),
        "body" => of(None, MORE).filter(|column| column.field.name.starts_with("body")).collect(),
        _ => {
            let plain = before_objects().map(column).chain(of(None, MORE)).find(|column| column.field.name == name);
            let nested = || member(Group::Timings, TIMINGS).or_else(|| member(Group::Error, ERROR));
            plain.or_else(nested).into_iter().collect()
        }
    }
}
