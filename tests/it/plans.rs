//! SQLite's query plans: every filter, order and association of a list uses an index, never a table scan. The
//! statements are the server's own; only their plan is read.

use invited::testing::outbox;
use invited::testing::params::{self, Tree};
use invited::testing::query::{self, ListQuery};
use invited::testing::sql::{self, Key, Statement};
use invited::testing::store::{Db, Dialect, Error};
use invited::testing::{Projection, REGISTRY, Resource, Target, Test, Value, invitations};

use crate::support::Server;

/// This level sees every sort.
pub(crate) const TOP: invited::testing::Rung = invited::testing::Rung(u8::MAX);

/// Query strings that cover every part of a description.
fn questions(resource: &Resource) -> Vec<String> {
    let mut questions =
        vec![String::new(), "page=3&per_page=200".to_owned(), "only=1,2".to_owned(), "search=a b".to_owned()];
    let mut narrowed = vec![String::new(), "apply_default_filters=false".to_owned()];
    for filter in resource.filters() {
        match filter.test {
            Test::Flag { .. } | Test::Has => {
                narrowed.extend(["true", "false"].map(|value| format!("{}={value}", filter.name)));
            }
            Test::Contains(_) | Test::Equals(..) | Test::Lacks(_) => narrowed.push(format!("{}=x", filter.name)),
            Test::OneOf(..) => narrowed.push(format!("{}=x,y", filter.name)),
            Test::Id(_) => narrowed.push(format!("{}=1", filter.name)),
            Test::Ids(_) | Test::NotIds(_) | Test::LacksIds(_) => {
                let beside = filter.only_with.map(|other| format!("&{other}=User")).unwrap_or_default();
                narrowed.push(format!("{}=1,2{beside}", filter.name));
            }
            Test::After(_) | Test::Before(_) => narrowed.push(format!("{}=2031-01-01", filter.name)),
            Test::Words(words) => narrowed.extend(words.iter().map(|(word, _)| format!("{}={word}", filter.name))),
            Test::Special(_) => narrowed.extend(special(filter.name)),
            Test::Nothing | Test::Everything => narrowed.push(format!("{}=1", filter.name)),
        }
    }
    // Lists that a filter is required for have it in every question.
    let required: String =
        resource.filters().filter(|filter| filter.is_required).map(|filter| format!("&{}=User", filter.name)).collect();
    for narrowing in &narrowed {
        questions.push(narrowing.clone());
        questions.push(format!("{narrowing}&search=x"));
        for sort in resource.sorts {
            for direction in ["asc", "desc"] {
                questions.push(format!("{narrowing}&order={}:{direction}", sort.name));
            }
        }
    }
    questions.into_iter().map(|question| question + &required).collect()
}

/// Values of the filters that are read by a function.
fn special(filter: &str) -> Vec<String> {
    match filter {
        "subject_type" => vec!["subject_type=User".to_owned()],
        "with_skills" => vec![r#"with_skills={"1":[2,3],"2":[],"operation":"and"}"#.to_owned()],
        "per_custom_field" => vec!["per_custom_field=2".to_owned()],
        "by_custom_choice_value" => ["1:2,3;4:5", "1:blank", "1:2,blank;2"].map(|it| format!("{filter}={it}")).to_vec(),
        "by_custom_currency_value" => ["(1:998:USD):(2:5)", "3"].map(|it| format!("{filter}={it}")).to_vec(),
        "by_custom_date_value" => vec![format!("{filter}=(1:2031-01-01:2031-02-01):(2:2031-01-01)")],
        "by_custom_number_value" => vec![format!("{filter}=(1:2):(1:3)")],
        "by_custom_text_value" => vec![format!("{filter}=(1:x):(2)")],
        _ => panic!("{filter} needs a value here"),
    }
}

/// Records by their ids.
pub(crate) const ONLY: &str = "only=1,2&order=created_at:desc&subject_type=User";

/// Whether the rows of a resource are in a table of the database.
pub(crate) fn has_table(resource: &Resource) -> bool {
    !resource.table.starts_with('(')
}

pub(crate) fn tree(query: &str) -> Tree {
    params::query(&query.replace(' ', "%20")).unwrap().tree
}

/// The statements of one resource, each with its query string.
pub(crate) fn statements(dialect: Dialect, resource: &'static Resource) -> Vec<(String, Statement)> {
    let mut statements = Vec::new();
    // On the lowest rung, the restriction of the resource counts, too.
    for (question, rung) in
        questions(resource).into_iter().flat_map(|question| [(question.clone(), TOP), (question, LOWEST)])
    {
        let list = ListQuery::read(resource, &tree(&question), rung).unwrap().within_window(resource, i64::MAX / 2);
        statements.push((format!("list {question}"), sql::list(dialect, &plain(resource), 1, &list)));
        statements.push((format!("count {question}"), sql::count(dialect, resource, 1, &list)));
        let conditions = query::show_conditions(resource, &tree(&question), rung);
        statements.push((
            format!("show {question}"),
            sql::record(dialect, &plain(resource), Key { account: 1, id: 7 }, &conditions),
        ));
    }
    for association in resource.associations {
        let including = Projection::read(resource, &tree(&format!("include={}", association.name)), TOP);
        statements
            .push((format!("list with {}", association.name), sql::records(dialect, &including, 1, &[1, 2], &[])));
        if let Target::Records(target) = association.target {
            statements.push((
                format!("include {}", association.name),
                sql::records(dialect, &plain(target), 1, &[1, 2], &[]),
            ));
        }
    }
    statements
}

const LOWEST: invited::testing::Rung = invited::testing::Rung(1);

pub(crate) fn plain(resource: &'static Resource) -> Projection {
    Projection::plain(resource, TOP)
}

/// The steps of a plan, in SQLite's words.
fn plan(db: &mut Db, statement: &Statement) -> Result<Vec<String>, Error> {
    let mut steps = Vec::new();
    db.each(&format!("EXPLAIN QUERY PLAN {}", statement.text), &statement.params(), &mut |row| {
        steps.push(row.text(3)?.to_owned());
        Ok(())
    })?;
    Ok(steps)
}

/// A table scan, or an index scan without a condition. Lists of ids and of constants are no real tables.
fn is_scan(step: &str) -> bool {
    step.starts_with("SCAN ")
        && !["SCAN json_each", "SCAN CONSTANT ROW", "SCAN v"].iter().any(|it| step.starts_with(it))
}

fn with_database<T: Send + 'static>(work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static) -> T {
    let server = Server::start_on_file();
    let store = server.app().store.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(store.read(work)).unwrap()
}

#[test]
fn no_filter_order_or_association_scans_a_table() {
    let (asked, scans) = with_database(|db| {
        let (mut asked, mut scans) = (0, Vec::new());
        for entry in REGISTRY {
            for (question, statement) in statements(Dialect::Sqlite, entry.resource) {
                asked += 1;
                let steps = plan(db, &statement)?;
                scans.extend(steps.into_iter().filter(|step| is_scan(step)).map(|step| format!("{question}: {step}")));
            }
        }
        Ok((asked, scans))
    });
    assert!(asked > 150, "only {asked} statements were checked");
    assert!(scans.is_empty(), "{scans:#?}");
}

#[test]
fn a_page_in_a_usual_order_is_read_in_that_order_without_a_full_sort() {
    let sorted = with_database(|db| {
        let mut sorted = Vec::new();
        for name in ["created_at", "expiration_date", "full_name"] {
            for direction in ["asc", "desc"] {
                let question = format!("order={name}:{direction}");
                let resource = &invitations::RESOURCE;
                let list = ListQuery::read(resource, &tree(&question), TOP).unwrap();
                let steps = plan(db, &sql::list(Dialect::Sqlite, &plain(resource), 1, &list))?;
                // Sorting only the last term breaks ties by id.
                let whole = steps.into_iter().filter(|step| step == "USE TEMP B-TREE FOR ORDER BY");
                sorted.extend(whole.map(|step| format!("{question}: {step}")));
            }
        }
        Ok(sorted)
    });
    assert!(sorted.is_empty(), "{sorted:#?}");
}

#[test]
fn records_named_by_id_are_found_by_id_rather_than_by_account() {
    let wrong = with_database(|db| {
        let mut wrong = Vec::new();
        for entry in REGISTRY.iter().filter(|entry| has_table(entry.resource)) {
            let only = ListQuery::read(entry.resource, &tree(ONLY), TOP).unwrap();
            let projection = plain(entry.resource);
            for statement in [
                sql::records(Dialect::Sqlite, &projection, 1, &[1, 2], &[]),
                sql::record(Dialect::Sqlite, &projection, Key { account: 1, id: 7 }, &[]),
                sql::list(Dialect::Sqlite, &projection, 1, &only),
                sql::count(Dialect::Sqlite, entry.resource, 1, &only),
            ] {
                let steps = plan(db, &statement)?;
                if !steps.iter().any(|step| step.starts_with("SEARCH t USING INTEGER PRIMARY KEY (rowid=?)")) {
                    wrong.push(format!("{}: {steps:?}", statement.text));
                }
            }
        }
        Ok(wrong)
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The statements of the outbox that run all the time.
pub(crate) fn of_outbox(dialect: Dialect) -> [Statement; 3] {
    [(outbox::claiming(dialect).as_str(), 3), (outbox::BRING_BACK, 2), (outbox::WAITING, 0)]
        .map(|(text, values)| Statement::new(dialect, text.to_owned(), vec![Value::Int(10); values]))
}

#[test]
fn waiting_mails_are_claimed_and_counted_in_the_order_of_their_index() {
    let plans = with_database(|db| {
        let plan_of = |statement: &Statement| plan(db, statement);
        of_outbox(Dialect::Sqlite).iter().map(plan_of).collect::<Result<Vec<_>, _>>()
    });
    // The list of claimed ids is not a real table.
    let is_wrong = |step: &String| (is_scan(step) && step != "SCAN due") || step.contains("TEMP B-TREE");
    for steps in &plans {
        assert!(!steps.iter().any(is_wrong), "{steps:#?}");
        assert!(steps.iter().any(|step| step.starts_with("SEARCH outbox USING ")), "{steps:#?}");
    }
    let [claim, _, count] = plans.as_slice() else { panic!("{plans:#?}") };
    for steps in [claim, count] {
        let covers = |step: &String| step.starts_with("SEARCH outbox USING COVERING INDEX outbox_due (due_at");
        assert!(steps.iter().any(covers), "{steps:#?}");
    }
}

#[test]
fn the_test_detects_a_scan() {
    let steps = with_database(|db| {
        let statement =
            Statement::new(Dialect::Sqlite, "SELECT id FROM users WHERE headline = 'x'".to_owned(), Vec::new());
        plan(db, &statement)
    });
    assert!(steps.iter().any(|step| is_scan(step)), "{steps:?}");
}
