//! Settings in environment variables.
//!
//! Variables are often set by tools: a compose file passes on `${X:-}`, which is blank, and a secret made with an
//! editor or `echo` ends in a line end. So one rule applies to all values. White space at both ends is dropped. A
//! control character inside is refused, as from every source, but here with the name of the variable. A blank value
//! counts as absent, except where the setting may be blank: there it overrides the file.
//!
//! A secret can also be in a file that `INVITED_X_FILE` names, as Docker and Kubernetes provide them. The same rule
//! applies to the contents of the file.
//!
//! A misspelt variable is refused, like a misspelt line of the settings file. Otherwise a server would silently run
//! with the default of a setting that its operator believes to have changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use clap::Arg;

use crate::server::settings::apply::{
    Problems, Values, arguments, did_you_mean, is_secret, name_of, require_plain, variable,
};

const PREFIX: &str = "INVITED_";

/// The suffix of a variable that names the file of a secret.
const OF_A_FILE: &str = "_file";

/// The databases of `invited copy`, which are secrets, too: a URL may hold a password.
pub const COPY_FROM: &str = "copy_from";
pub const COPY_TO: &str = "copy_to";

/// Variables that others read: the packages for test suites, which pass their own environment on to the sandbox, the
/// example of a workflow, and the tests of this project.
const OF_OTHERS: &[&str] = &["BINARY", "URL", "REPOSITORY", "REF"];
const OF_TESTS: &[&str] = &["TEST_", "COMPARE_"];

/// The variables whose names begin with `INVITED_`, by the rest of their names.
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The environment of this process.
    pub fn current() -> Self {
        Self::of(std::env::vars_os())
    }

    fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let named =
            |(name, value): (OsString, OsString)| Some((name.to_str()?.strip_prefix(PREFIX)?.to_owned(), value));
        Self(variables.into_iter().filter_map(named).collect())
    }

    /// The values of the settings that are `heeded`. A blank value of a setting that may be blank is among them.
    pub fn settings(&self, heeded: impl Fn(&str) -> bool) -> Result<Values, Problems> {
        let mut problems = self.unknown();
        let mut values = Values::new();
        for setting in arguments().get_arguments() {
            let name = name_of(setting);
            let value = if heeded(&name) { self.value(&name, is_secret(setting)) } else { Ok(None) };
            match value {
                Ok(Some(text)) if !text.is_empty() || may_be_blank(setting) => {
                    values.insert(name, text);
                }
                Ok(_) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(values) } else { Err(Problems(problems)) }
    }

    /// A secret that is not a setting, such as [`COPY_FROM`].
    pub fn secret(&self, name: &str) -> Result<Option<String>, Problems> {
        let unknown = self.unknown();
        if !unknown.is_empty() {
            return Err(Problems(unknown));
        }
        let value = self.value(name, true).map_err(|problem| Problems(vec![problem]))?;
        Ok(value.filter(|text| !text.is_empty()))
    }

    /// A value, from its variable or, if it is a secret, from the file that another variable names.
    fn value(&self, name: &str, is_secret: bool) -> Result<Option<String>, String> {
        let given = self.text(name)?;
        let file = if is_secret { self.text(&format!("{name}{OF_A_FILE}"))? } else { None };
        let Some(path) = file.filter(|path| !path.is_empty()) else { return Ok(given) };
        let of_file = variable(&format!("{name}{OF_A_FILE}"));
        if given.is_some_and(|text| !text.is_empty()) {
            return Err(format!("{} and {of_file} are both set: set one of them", variable(name)));
        }
        let text = fs::read_to_string(&path).map_err(|cause| format!("{of_file}: cannot read {path}: {cause}"))?;
        clean(&text).map(Some).map_err(|reason| format!("{of_file}: {path} {reason}"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let Some(value) = self.0.get(&name.to_uppercase()) else { return Ok(None) };
        let text = value.to_str().ok_or("is not UTF-8").and_then(clean);
        text.map(Some).map_err(|reason| format!("{} {reason}", variable(name)))
    }

    /// A sentence about each unknown variable.
    fn unknown(&self) -> Vec<String> {
        let known = known();
        let is_unknown = |name: &&String| {
            !known.iter().any(|known| known.to_uppercase() == **name)
                && !OF_OTHERS.contains(&name.as_str())
                && !OF_TESTS.iter().any(|prefix| name.starts_with(prefix))
                && !self.is_service_link(name)
        };
        let sentence = |name: &String| {
            let nearest = did_you_mean(name, known.iter().map(String::as_str), variable);
            format!("the variable {PREFIX}{name} belongs to no setting{nearest}")
        };
        self.0.keys().filter(is_unknown).map(sentence).collect()
    }

    /// Whether Kubernetes has put this variable into every container, because a service is called `invited` or
    /// `invited-…`.
    fn is_service_link(&self, name: &str) -> bool {
        let is_link = |text: &OsString| text.to_str().is_some_and(|text| text.contains("://"));
        let is_port = name == "PORT" || name.ends_with("_PORT");
        name.ends_with("SERVICE_HOST")
            || name.ends_with("SERVICE_PORT")
            || name.contains("SERVICE_PORT_")
            || is_port && self.0.get(name).is_some_and(is_link)
            || name.contains("PORT_") && ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| name.contains(protocol))
    }
}

/// The names, without the prefix, that this program knows.
fn known() -> Vec<String> {
    let of_copy = [COPY_FROM, COPY_TO].map(|name| (name.to_owned(), true));
    let settings = arguments();
    let settings = settings.get_arguments().map(|setting| (name_of(setting), is_secret(setting)));
    let names = |(name, is_secret): (String, bool)| {
        let file = is_secret.then(|| format!("{name}{OF_A_FILE}"));
        [Some(name), file].into_iter().flatten()
    };
    settings.chain(of_copy).flat_map(names).collect()
}

/// Whether a blank value is allowed.
fn may_be_blank(setting: &Arg) -> bool {
    setting.get_default_values().iter().any(|default| default.is_empty())
}

/// The one rule for every value. The error is the end of a sentence and never repeats the value, which may be secret.
fn clean(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    require_plain(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    fn values(variables: &[(&str, &str)]) -> Result<Values, String> {
        environment(variables).settings(|_| true).map_err(|problems| problems.to_string())
    }

    #[test]
    fn every_setting_follows_the_one_rule() {
        for setting in arguments().get_arguments() {
            let name = name_of(setting);
            let variable = variable(&name);
            let only = |text: &str| values(&[(&variable, text)]).unwrap().remove(&name);
            assert_eq!(only(" \t value of it\r\n").as_deref(), Some("value of it"), "{name}");
            let blank = may_be_blank(setting).then_some("");
            assert_eq!((only("").as_deref(), only(" \r\n").as_deref()), (blank, blank), "{name}");
            for inside in ["a\nb", "a\r\nb", "a\tb", "a\u{7f}b", "a\u{85}b"] {
                let refusal = values(&[(&variable, inside)]).unwrap_err();
                assert!(refusal.contains(&variable) && refusal.contains("control character"), "{name}: {refusal}");
                assert!(!refusal.contains('b') || !refusal.contains(inside), "{name}: {refusal}");
            }
        }
    }

    #[test]
    fn a_misspelt_variable_is_refused_with_the_nearest_name() {
        for (wrong, nearest) in [
            ("INVITED_LISTN", "INVITED_LISTEN"),
            ("INVITED_BASEURL", "INVITED_BASE_URL"),
            ("INVITED_MAIL_PASSWORD_FIL", "INVITED_MAIL_PASSWORD_FILE"),
            ("INVITED_DATABASE_URL", "INVITED_DATABASE"),
            ("INVITED_listen", "INVITED_LISTEN"),
        ] {
            let refusal = values(&[(wrong, "x")]).unwrap_err();
            let expected = format!("the variable {wrong} belongs to no setting: did you mean {nearest}?");
            assert_eq!(refusal, expected);
        }
        assert_eq!(values(&[("INVITED_QX", "")]).unwrap_err(), "the variable INVITED_QX belongs to no setting");
        // Only a secret can be in a file.
        assert!(values(&[("INVITED_LISTEN_FILE", "x")]).is_err());
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        for name in ["BINARY", "URL", "REPOSITORY", "REF", "TEST_DATABASE", "TEST_SEED", "COMPARE_BUILD"] {
            assert_eq!(values(&[(&format!("{PREFIX}{name}"), "x")]), Ok(Values::new()), "{name}");
        }
        for (name, value) in [
            ("INVITED_SERVICE_HOST", "10.0.0.1"),
            ("INVITED_SERVICE_PORT", "8080"),
            ("INVITED_SERVICE_PORT_HTTP", "8080"),
            ("INVITED_PORT", "tcp://10.0.0.1:8080"),
            ("INVITED_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("INVITED_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("INVITED_WEB_SERVICE_HOST", "10.0.0.1"),
            ("INVITED_WEB_PORT_8080_TCP_PROTO", "tcp"),
        ] {
            assert_eq!(values(&[(name, value)]), Ok(Values::new()), "{name}");
        }
        assert!(values(&[("INVITED_PORT", "8080")]).is_err(), "this was meant for the setting listen");
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let refusal =
            values(&[("INVITED_LISTN", "x"), ("INVITED_MAIL", "a\nb"), ("INVITED_MAIL_FILE", "/nowhere/at/all")]);
        assert_eq!(refusal.unwrap_err().lines().count(), 2);
    }
}
