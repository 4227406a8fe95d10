//! Migrations, oldest first. A released script is never changed.

use crate::store::migrate::Migration;

pub static MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        oldest_program: 1,
        name: "accounts, people, invitations, tokens and the audit trail",
        script: include_str!("../../migrations/0001_invitations.sql"),
    },
    Migration {
        version: 2,
        oldest_program: 2,
        name: "memberships in full, external references and idempotent requests",
        script: include_str!("../../migrations/0002_people.sql"),
    },
    Migration {
        version: 3,
        oldest_program: 3,
        name: "OAuth applications, grants and sessions",
        script: include_str!("../../migrations/0003_oauth.sql"),
    },
    Migration {
        version: 4,
        oldest_program: 4,
        name: "mail, links, seats and expiry",
        script: include_str!("../../migrations/0004_mail.sql"),
    },
    Migration {
        version: 5,
        oldest_program: 5,
        name: "addresses that are proven, and their confirmation",
        script: include_str!("../../migrations/0005_addresses.sql"),
    },
    Migration {
        version: 6,
        oldest_program: 4,
        name: "which mails were refused",
        script: include_str!("../../migrations/0006_refused_mails.sql"),
    },
    Migration {
        version: 7,
        oldest_program: 4,
        name: "client addresses in the audit trail",
        script: include_str!("../../migrations/0007_clients.sql"),
    },
    Migration {
        version: 8,
        oldest_program: 4,
        name: "the outbox in the order of its claims",
        script: include_str!("../../migrations/0008_outbox.sql"),
    },
    Migration {
        version: 9,
        oldest_program: 9,
        name: "skills, cost rates and billable utilizations",
        script: include_str!("../../migrations/0009_skills.sql"),
    },
    Migration {
        version: 10,
        oldest_program: 10,
        name: "who may log in, collaborators' licences and profiles",
        script: include_str!("../../migrations/0010_members.sql"),
    },
    Migration {
        version: 11,
        oldest_program: 10,
        name: "pictures of users",
        script: include_str!("../../migrations/0011_photos.sql"),
    },
    Migration {
        version: 12,
        oldest_program: 10,
        name: "custom fields of users",
        script: include_str!("../../migrations/0012_custom_fields.sql"),
    },
    Migration {
        version: 13,
        oldest_program: 12,
        name: "events for those who poll",
        script: include_str!("../../migrations/0013_events.sql"),
    },
];
