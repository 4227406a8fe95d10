//! Settings: one struct with a field for each, from which clap derives name, type, default and help. The flags of the
//! commands, the variables, the settings file and `invited config` are all made from the same arguments.
//!
//! A value is taken from the first of: flag, environment variable, file, the command's own default, the default here.
//! All values that cannot be read are reported together, each with the name of its setting.

mod apply;
mod config;
mod environment;
mod groups;
mod mail;
mod values;

pub use apply::{Values, default_file, name_of, parse_file, variable};
pub use config::Config;
pub use environment::{COPY_FROM, COPY_TO, Environment};
pub use groups::{Address, Bounds, Database, Kept};
pub use mail::{MailSettings, Way};
pub use values::{base_url, days, place};
