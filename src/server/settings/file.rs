//! The settings file: the one that is read, and the one that shows every default.

use crate::server::settings::table::SETTINGS;
use crate::server::settings::{Problems, Values};

/// The file that says every default, with every text.
pub fn default_file() -> String {
    let mut file = String::from(
        "# Settings of invited. Each can also be given as a flag (--name-with-hyphens)\n\
         # or as a variable of the environment (INVITED_NAME).\n",
    );
    for setting in SETTINGS {
        file.push_str(&format!("\n# {}.\n", setting.text));
        match setting.default {
            Some(default) => file.push_str(&format!("#{} = {default:?}\n", setting.name)),
            None => file.push_str(&format!("#{} = \"{}\"\n", setting.name, setting.placeholder)),
        }
    }
    file
}

/// The values of a file: a flat table, whose values may be texts, numbers or truth values.
pub fn parse_file(text: &str) -> Result<Values, Problems> {
    let table: toml::Table = text.parse().map_err(|cause| Problems(vec![format!("the settings file: {cause}")]))?;
    let mut values = Values::new();
    let mut problems = Vec::new();
    for (name, value) in table {
        let text = match value {
            toml::Value::String(text) => Some(text),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Float(number) => Some(number.to_string()),
            toml::Value::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        };
        match (SETTINGS.iter().find(|setting| setting.name == name), text) {
            (Some(setting), Some(text)) => {
                values.insert(setting.name, text);
            }
            (Some(_), None) => {
                problems.push(format!("setting {name} in the file must be a text, a number or true or false"));
            }
            (None, _) => problems.push(format!("the file has a setting {name:?} that does not exist")),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(Problems(problems)) }
}
