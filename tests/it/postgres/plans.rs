//! PostgreSQL's query plans: every filter, order and association of a list uses an index, never a table scan. The
//! statements are those of `crate::plans`.
//!
//! The planner decides by cost, and scans small tables rightly, so the tables are full and have statistics. Forbidding
//! scans (`enable_seqscan = off`) would prove less: a full index scan would pass, a plan that is never used. A prepared
//! statement may be planned for its values or once for all values; both are checked.

use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage};

use invited::testing::query::ListQuery;
use invited::testing::sql::{self, Key, Statement};
use invited::testing::store::Dialect::Postgres;
use invited::testing::{REGISTRY, Value, invitations};

use super::session;
use crate::plans::{ONLY, TOP, has_table, of_outbox, plain, statements, tree};
use crate::support::Server;
use crate::support::postgres::PostgresServer;

/// Many accounts, the first of which has a tenth of the rows.
const CROWD: &str = "\
    INSERT INTO accounts (id, name, created_at, updated_at)
      SELECT a, 'Account ' || a, 1, 1 FROM generate_series(3, 200) a;
    INSERT INTO roles (account_id, name, name_key, created_at, updated_at)
      SELECT CASE WHEN n % 10 = 0 THEN 1 ELSE 3 + n % 198 END, 'Role ' || n, 'role ' || n, n, n
      FROM generate_series(1, 20000) n;
    INSERT INTO users (account_id, full_name, name_key, email_address, email_key, search_key, is_active, created_at,
      updated_at)
      SELECT CASE WHEN n % 10 = 0 THEN 1 ELSE 3 + n % 198 END, 'Person ' || n, 'person ' || n, n || '@example.test',
      n || '@example.test', 'person ' || n, n % 2, n, n FROM generate_series(1, 40000) n;
    INSERT INTO account_memberships (account_id, user_id, permission, default_role_id, manager_id, bill_rate_in_cents,
      disabled_at, created_at, updated_at)
      SELECT account_id, id, (ARRAY['collaborator', 'project_lead', 'administrator'])[1 + id % 3],
      (SELECT min(id) FROM roles WHERE roles.account_id = users.account_id),
      CASE WHEN id % 5 = 0 THEN id - 5 END, id % 7,
      CASE WHEN id % 9 = 0 THEN 1 END, created_at, updated_at
      FROM users WHERE is_active = 1 AND id > 30;
    INSERT INTO account_invitations (account_id, full_name, name_key, email_address, email_key, search_key, permission,
      inviter_id, invitee_id, expires_on, accepted_at, created_at, updated_at)
      SELECT account_id, full_name, name_key, email_address, email_key, search_key, 'collaborator', id, id, id % 365,
      CASE WHEN id % 4 = 0 THEN 1 END, created_at, updated_at FROM users WHERE id > 30;
    INSERT INTO external_references (account_id, subject_type, subject_id, service_name, service_model,
      service_model_ref, status, created_at, updated_at)
      SELECT account_id, 'User', id, 'hr', 'Employee', 'ref ' || id, 'pending', 1, 1 FROM users WHERE id % 2 = 0;
    INSERT INTO external_references (account_id, subject_type, subject_id, service_name, service_model,
      service_model_ref, status, created_at, updated_at)
      SELECT account_id, 'Role', id, 'hr', 'Job', 'ref ' || id, 'pending', 1, 1 FROM roles WHERE id % 2 = 0;
    INSERT INTO skills (account_id, name, name_key, max_level, skill_category_id, created_at, updated_at)
      SELECT CASE WHEN n % 10 = 0 THEN 1 ELSE 3 + n % 198 END, 'Skill ' || n, 'skill ' || n, '5', 1 + n % 4, n, n
      FROM generate_series(1, 20000) n;
    INSERT INTO skill_memberships (account_id, user_id, skill_id, level, creator_id, created_at, updated_at)
      SELECT u.account_id, u.id, s.id, 1 + s.id % 5, u.id, u.created_at, u.created_at
      FROM users u JOIN LATERAL (SELECT id FROM skills WHERE account_id = u.account_id ORDER BY id LIMIT 3) s ON true
      WHERE u.id > 30;
    INSERT INTO cost_rates (account_id, account_membership_id, currency, amount_in_subunits, created_at, updated_at)
      SELECT account_id, id, 'EUR', 1000, created_at, created_at FROM account_memberships WHERE id > 300;
    INSERT INTO billable_utilizations (account_id, account_membership_id, effective_date, target, creator_id, created_at,
      updated_at)
      SELECT account_id, id, 20000 + id % 900, 50, user_id, created_at, created_at FROM account_memberships
      WHERE id > 300;
    INSERT INTO external_references (account_id, subject_type, subject_id, service_name, service_model,
      service_model_ref, status, created_at, updated_at)
      SELECT account_id, 'Skill', id, 'hr', 'Ability', 'ref ' || id, 'pending', id, id FROM skills WHERE id % 2 = 0
      AND id > 400;
    INSERT INTO custom_fields (account_id, name, name_key, value_type, unique_constraint, read_access, write_access,
      read_from, write_from, created_at, updated_at)
      SELECT CASE WHEN n % 10 = 0 THEN 1 ELSE 3 + n % 198 END, 'Field ' || n, 'field ' || n,
      CASE WHEN n % 2 = 0 THEN 'single' ELSE 'string' END, 0, 'project_lead', 'account_admin', 4, 7, n, n
      FROM generate_series(1, 10000) n;
    INSERT INTO custom_field_choices (account_id, custom_field_id, label, label_key, position, created_at, updated_at)
      SELECT f.account_id, f.id, 'Choice ' || n, 'choice ' || n, n, f.created_at, f.created_at
      FROM custom_fields f CROSS JOIN generate_series(1, 5) n WHERE f.value_type = 'single' AND f.id > 900;
    INSERT INTO custom_field_values (account_id, custom_field_id, subject_type, subject_id, value, value_key,
      display_text, setter_id, created_at, updated_at)
      SELECT u.account_id, f.id, 'User', u.id, '\"v\"', 'v' || u.id, 'v', u.id, u.created_at, u.created_at
      FROM users u JOIN LATERAL (SELECT id FROM custom_fields WHERE account_id = u.account_id AND value_type = 'string'
      ORDER BY id DESC LIMIT 2) f ON true WHERE u.id > 30;
    INSERT INTO audit (account_id, occurred_at, actor_user_id, action, subject_type, subject_id, event_type)
      SELECT CASE WHEN n % 10 = 0 THEN 1 ELSE 3 + n % 198 END, n, 1 + n % 40, 'user.update', 'users', 1 + n % 40000,
      CASE WHEN n % 3 = 0 THEN 'user:updated' END FROM generate_series(1, 60000) n;
    INSERT INTO outbox (account_id, invitation_id, recipient, recipient_key, message_id, state, due_at, created_at,
      updated_at)
      SELECT 1, n, n || '@example.test', n || '@example.test', n || '@mail.test',
      CASE WHEN n % 4 = 0 THEN 'queued' ELSE 'sent' END, CASE WHEN n % 4 = 0 THEN 5 END, n, n
      FROM generate_series(1, 40000) n;
    ANALYZE;";

/// A full database, and a connection to it.
struct Full {
    runtime: Runtime,
    client: Client,
    _server: Server,
    _postgres: PostgresServer,
}

impl Full {
    fn start() -> Self {
        let postgres = PostgresServer::start();
        let server = Server::start_over(postgres.database(), &[]);
        let (runtime, client) = session(&server);
        runtime.block_on(client.batch_execute(CROWD)).unwrap();
        Self { runtime, client, _server: server, _postgres: postgres }
    }

    /// The lines of a plan, for these values or for all values.
    fn plan(&self, statement: &Statement, mode: &str) -> Vec<String> {
        let values: Vec<String> = statement.values.iter().map(literal).collect();
        let text = statement.text.replace('?', "$");
        let arguments = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let sql = format!(
            "DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE asked AS {text}; EXPLAIN EXECUTE asked{arguments}"
        );
        let messages = self.runtime.block_on(self.client.simple_query(&sql));
        let messages = messages.unwrap_or_else(|cause| panic!("{sql}: {cause:?}"));
        messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect()
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
    }
}

/// The scans of a plan: of a table, or of an index without a condition that limits whose rows are read.
fn walks(plan: &[String]) -> Vec<String> {
    let is_index = |line: &str| line.contains("Index Scan") || line.contains("Index Only Scan");
    let indent = |line: &str| line.chars().take_while(|character| *character == ' ').count();
    let mut walks = Vec::new();
    for (number, line) in plan.iter().enumerate() {
        // A step's details follow it, indented, up to the next step.
        let details = plan[number + 1..]
            .iter()
            .take_while(|detail| indent(detail) > indent(line) && !detail.trim_start().starts_with("->"));
        // Such a condition names an account, an id, or an address, which belongs to one person.
        let names_whose = |detail: &str| ["id = ", "email_key = "].iter().any(|term| detail.contains(term));
        let is_condition =
            |detail: &String| detail.trim_start().starts_with("Index Cond:") && names_whose(detail.as_str());
        let has_condition = details.into_iter().any(is_condition);
        if line.contains("Seq Scan") || (is_index(line) && !has_condition) {
            walks.push(line.trim().to_owned());
        }
    }
    walks
}

const MODES: [&str; 2] = ["force_custom_plan", "force_generic_plan"];

#[test]
fn no_filter_order_or_association_scans_a_table() {
    let full = Full::start();
    let (mut asked, mut found) = (0, Vec::new());
    for entry in REGISTRY {
        for (question, statement) in statements(Postgres, entry.resource) {
            for mode in MODES {
                asked += 1;
                let plan = full.plan(&statement, mode);
                let name = entry.resource.name;
                found.extend(walks(&plan).into_iter().map(|walk| format!("{name}: {question} ({mode}): {walk}")));
            }
        }
    }
    assert!(asked > 300, "only {asked} plans were checked");
    assert!(found.is_empty(), "{} of {asked}: {found:#?}", found.len());
}

#[test]
fn a_page_is_read_in_its_order_and_records_named_by_id_are_found_by_id() {
    let full = Full::start();
    let mut wrong = Vec::new();
    for name in ["created_at", "expiration_date", "full_name"] {
        for direction in ["asc", "desc"] {
            let question = format!("order={name}:{direction}");
            let resource = &invitations::RESOURCE;
            let list = ListQuery::read(resource, &tree(&question), TOP).unwrap();
            let plan = full.plan(&sql::list(Postgres, &plain(resource), 1, &list), "force_custom_plan");
            // An incremental sort of only the last term breaks ties by id.
            if plan.iter().any(|line| line.trim_start_matches([' ', '-', '>']).starts_with("Sort  (cost=")) {
                wrong.push(format!("{question}: {plan:#?}"));
            }
        }
    }
    for entry in REGISTRY.iter().filter(|entry| has_table(entry.resource)) {
        let only = ListQuery::read(entry.resource, &tree(ONLY), TOP).unwrap();
        let projection = plain(entry.resource);
        for statement in [
            sql::records(Postgres, &projection, 1, &[1, 2], &[]),
            sql::record(Postgres, &projection, Key { account: 1, id: 7 }, &[]),
            sql::record_to_write(Postgres, &projection, Key { account: 1, id: 7 }, &[]),
            sql::list(Postgres, &projection, 1, &only),
            sql::count(Postgres, entry.resource, 1, &only),
        ] {
            for mode in MODES {
                let plan = full.plan(&statement, mode);
                if !plan.iter().any(|line| line.contains("_pkey on") && line.contains(entry.resource.table)) {
                    wrong.push(format!("{} ({mode}): {plan:#?}", statement.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // The tests detect table scans and index scans.
    for (text, step) in [
        ("SELECT id FROM users WHERE headline = 'x'", "Seq Scan"),
        ("SELECT id FROM users ORDER BY id LIMIT 1", "Index Only Scan"),
    ] {
        let statement = Statement::new(Postgres, text.to_owned(), Vec::new());
        let found = walks(&full.plan(&statement, "force_custom_plan"));
        assert!(found.len() == 1 && found[0].contains(step), "{found:?}");
    }
}

#[test]
fn waiting_mails_are_claimed_and_counted_in_the_order_of_their_index() {
    let full = Full::start();
    for (number, statement) in of_outbox(Postgres).iter().enumerate() {
        for mode in MODES {
            let plan = full.plan(statement, mode);
            let steps = || plan.iter().map(|line| line.trim_start_matches([' ', '-', '>']));
            assert!(!steps().any(|step| step.starts_with("Seq Scan on outbox")), "{mode}: {plan:#?}");
            assert!(!steps().any(|step| step.starts_with("Sort")), "{mode}: {plan:#?}");
            // Only the claim, which is the first, needs the order of the index.
            let used = if number == 0 { "Index Scan using outbox_due" } else { "outbox_due" };
            assert!(steps().any(|step| step.contains(used)), "{mode}: {plan:#?}");
        }
    }
}
