//! What people can: skills, the categories that they are sorted into, and who has which skill at what level.

mod category;
mod holders;
mod membership;
mod skill;

pub use category::{ENTRY as CATEGORIES, NAMES as CATEGORY_NAMES, RESOURCE as CATEGORY};
pub use holders::{OF_USERS, of_memberships, of_users};
pub use membership::{ALL, ENTRY as MEMBERSHIPS, RESOURCE as MEMBERSHIP};
pub use skill::{ENTRY as SKILLS, RESOURCE as SKILL};
