//! What people can: skills, the categories that they are sorted into, and who has which skill at what level.

mod category;
mod membership;
mod skill;

pub use category::{ENTRY as CATEGORIES, RESOURCE as CATEGORY};
pub use membership::{ALL, ENTRY as MEMBERSHIPS, RESOURCE as MEMBERSHIP};
pub use skill::{ENTRY as SKILLS, RESOURCE as SKILL};
