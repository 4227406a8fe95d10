//! The table of settings: a line for each, from which flags, variables, the file and `--help` come.

/// A line of the table.
pub struct Setting {
    /// Name in the file; the flag is the same with hyphens, the variable `INVITED_` and the name in capitals.
    pub name: &'static str,
    /// Default, where there is one.
    pub default: Option<&'static str>,
    /// What a value looks like.
    pub placeholder: &'static str,
    /// What it does.
    pub text: &'static str,
}

const fn setting(
    name: &'static str,
    default: Option<&'static str>,
    placeholder: &'static str,
    text: &'static str,
) -> Setting {
    Setting { name, default, placeholder, text }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting("database", None, "URL", "The database: sqlite:PATH, or postgres://USER:PASSWORD@HOST/NAME"),
    setting("listen", Some("127.0.0.1:8080"), "ADDRESS", "Address and port to listen on; port 0 takes any free one"),
    setting(
        "base_url",
        None,
        "URL",
        "How clients and mails reach this server, such as https://people.example.com; on loopback the address itself",
    ),
    setting(
        "metrics_listen",
        Some(""),
        "ADDRESS",
        "A listener of its own for /metrics; empty: on the main one, but only where that is on loopback",
    ),
    setting("log_level", Some("info"), "LEVEL", "error, warn, info, debug or trace; request lines are info"),
    setting("log_format", Some("json"), "FORMAT", "json or text, one line for each event on standard error"),
    setting(
        "durability",
        Some("full"),
        "MODE",
        "What an answered write survives: full (a power cut), normal (the death of the process) or off",
    ),
    setting("migrate_on_start", Some("true"), "BOOL", "Bring the database's schema up to date when serving starts"),
    setting("connections", Some("8"), "COUNT", "Connections that write to a PostgreSQL server; SQLite has one writer"),
    setting(
        "database_pooler",
        Some("none"),
        "MODE",
        "transaction: behind PgBouncer or its like, which gives each transaction another connection; none",
    ),
    setting(
        "database_replica",
        Some(""),
        "URL",
        "A PostgreSQL server that follows the first, for lists and shows of those who have written nothing just now",
    ),
    setting(
        "database_ca_file",
        Some(""),
        "FILE",
        "Certificates in PEM to trust beside the well-known ones, for PostgreSQL",
    ),
    setting("readers", Some("0"), "COUNT", "Threads that read the database; 0: as many as the machine has cores"),
    setting(
        "queue_length",
        Some("1024"),
        "COUNT",
        "Writes that may wait; more are answered 503. 0 refuses every write, for maintenance",
    ),
    setting("batch_length", Some("256"), "COUNT", "Most writes that share one commit"),
    setting("read_timeout", Some("5"), "SECONDS", "Longest time that a read may take before it is answered 503"),
    setting("max_connections", Some("1024"), "COUNT", "Connections at a time; further ones wait"),
    setting("header_timeout", Some("10"), "SECONDS", "Longest time for a request's head, and of an idle connection"),
    setting("body_timeout", Some("30"), "SECONDS", "Longest time for the body of a request; then 408"),
    setting("write_timeout", Some("30"), "SECONDS", "Longest time for a client to read some more of its answer"),
    setting("drain_timeout", Some("10"), "SECONDS", "Longest time that a stopping server waits for its requests"),
    setting("body_limit", Some("1048576"), "BYTES", "Largest body of a request; a larger one is answered 413"),
    setting(
        "token_in_query",
        Some("false"),
        "BOOL",
        "Accept ?access_token= beside the Authorization header; such URLs end up in the logs of others",
    ),
    setting("invitation_days", Some("30"), "DAYS", "Days from sending an invitation to its expiration date"),
    setting(
        "create_level",
        Some("project_lead"),
        "LEVEL",
        "The lowest level that may invite: project_lead … administrator",
    ),
    setting("strict", Some("false"), "BOOL", "Refuse what is otherwise ignored, as the header Invited-Strict asks for"),
    setting(
        "activate_new_users_at_once",
        Some("false"),
        "BOOL",
        "Who is invited is a member at once, without a mail and without an answer",
    ),
    setting("tell_when_to_retry", Some("true"), "BOOL", "Answers with 429 have Retry-After"),
    setting("dates", Some("days"), "FORM", "How days are written: days, 2031-02-01, or times, 2031-02-01T00:00:00Z"),
    setting("rate_general", Some("600"), "COUNT", "Requests per minute and token; 0: no limit"),
    setting("rate_create", Some("60"), "COUNT", "Creates per minute and token, a bulk is one; 0: no limit"),
    setting("rate_resend", Some("20"), "COUNT", "Resends per minute and token; 0: no limit"),
    setting("rate_resend_per_invitation", Some("1"), "COUNT", "Resends per minute of one invitation; 0: no limit"),
    setting("rate_sign_in", Some("10"), "COUNT", "Sign-ins per minute and mail address; 0: no limit"),
    setting(
        "rate_sign_in_per_peer",
        Some("30"),
        "COUNT",
        "Sign-ins per minute and network address; behind a proxy that is one for everybody; 0: no limit",
    ),
    setting("rate_token", Some("600"), "COUNT", "Requests for tokens per minute and OAuth application; 0: no limit"),
    setting(
        "rate_mails_per_address",
        Some("20"),
        "COUNT",
        "Invitation mails to one address in 24 hours, from all accounts together; 0: no limit",
    ),
    setting(
        "invite_domains",
        Some(""),
        "DOMAINS",
        "The only domains that may be invited, with commas; *.example.com stands for those below it; empty: all",
    ),
    setting(
        "mail",
        Some("none"),
        "WAY",
        "How mails leave: smtp://HOST[:PORT], smtps://HOST[:PORT], files:FOLDER, memory (for the sandbox) or none",
    ),
    setting("mail_from", Some(""), "ADDRESS", "The address that mails come from"),
    setting("mail_user", Some(""), "NAME", "Name for a mail server that wants one"),
    setting(
        "mail_password",
        Some(""),
        "SECRET",
        "Password for it; a flag can be seen by others, a variable or a file cannot",
    ),
    setting(
        "mail_starttls",
        Some("required"),
        "MODE",
        "Encryption with smtp://: required, opportunistic, or none for a server on the same machine",
    ),
    setting("mail_ca_file", Some(""), "FILE", "Certificates in PEM to trust beside the well-known ones"),
    setting("mail_timeout", Some("30"), "SECONDS", "Longest time that one mail may take"),
    setting("mail_connections", Some("4"), "COUNT", "Mails that are sent at a time"),
    setting("mail_give_up_hours", Some("72"), "HOURS", "After how long a mail that no server takes is given up"),
    setting("mail_worker", Some("true"), "BOOL", "Whether this server sends mails; with several servers, one has to"),
    setting(
        "mail_language",
        Some("en"),
        "CODE",
        "Language of mails and their pages, unless the account has its own: en, de",
    ),
    setting(
        "mail_templates",
        Some(""),
        "FOLDER",
        "Mail templates that replace those of the program; `invited mail templates` writes these into a folder",
    ),
    setting("sweep_interval", Some("60"), "SECONDS", "How often what is over is marked and removed; 0: never"),
    setting(
        "keep_requests",
        Some("2000"),
        "COUNT",
        "Requests that a sandbox keeps with their answers, to be looked up; 0: none. It means nothing to serve",
    ),
    setting("keep_expired_days", Some("0"), "DAYS", "Expired invitations are removed this long after; 0: never"),
    setting("keep_mails_days", Some("90"), "DAYS", "What became of mails is known for this long; 0: for ever"),
    setting("keep_revoked_days", Some("90"), "DAYS", "Revoked tokens and grants are known for this long; 0: for ever"),
    setting("keep_audit_days", Some("0"), "DAYS", "The audit trail reaches this far back; 0: to the beginning"),
];

impl Setting {
    /// The flag without its hyphens in front.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable.
    pub fn variable(&self) -> String {
        format!("INVITED_{}", self.name.to_uppercase())
    }
}
