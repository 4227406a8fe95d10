//! What a client knows about its writes, and the comparison with the database.
//!
//! Each effect has a unique number: a bill rate that no other write sets, or the id of an invitation. So the audit
//! trail shows how often a write took effect, through any server and after any number of tries.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::process::Reply;

/// The possible states of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Absent,
    /// Pending, with this bill rate.
    Pending {
        mark: i64,
    },
    /// Accepted, with this bill rate.
    Member {
        mark: i64,
    },
}

/// What is known about an invitation.
struct Known {
    id: Option<i64>,
    /// One state, or several after a lost answer.
    possible: Vec<State>,
    /// Whether its first link is dead.
    is_resent: bool,
}

/// How often an effect must have happened at least and at most.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    least: usize,
    most: usize,
}

#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) writes: u64,
    /// Answers lost with their server.
    pub(crate) lost: u64,
    /// Answers of 503.
    pub(crate) unavailable: u64,
    /// Writes with an unknown outcome.
    pub(crate) unknown: u64,
    /// Answers replayed from an earlier request.
    pub(crate) replayed: u64,
    /// The highest number of excess seats in an answer.
    pub(crate) seats_over: i64,
    /// When each write was answered.
    pub(crate) answered_at: Vec<Duration>,
}

/// What one client knows.
#[derive(Default)]
pub(crate) struct Ledger {
    invitations: BTreeMap<String, Known>,
    /// Addresses in the order of their creation.
    order: Vec<String>,
    effects: BTreeMap<(&'static str, i64), Times>,
    /// Marks that exist all or not at all.
    bulks: Vec<Vec<i64>>,
    pub(crate) figures: Figures,
}

impl Ledger {
    /// Records a create, with its ids if it was answered.
    pub(crate) fn created(&mut self, people: &[(String, i64)], ids: Option<&[i64]>) {
        for (place, (address, mark)) in people.iter().enumerate() {
            self.expect("create", *mark, ids.is_some());
            let there = State::Pending { mark: *mark };
            let possible = if ids.is_some() { vec![there] } else { vec![State::Absent, there] };
            let known = Known { id: ids.map(|ids| ids[place]), possible, is_resent: false };
            self.invitations.insert(address.clone(), known);
            self.order.push(address.clone());
        }
        self.bulks.push(people.iter().map(|(_, mark)| *mark).collect());
    }

    /// Records a write that leads to a state, for certain or perhaps.
    pub(crate) fn became(&mut self, address: &str, state: State, is_certain: bool) {
        let known = self.invitations.get_mut(address).unwrap();
        if is_certain {
            known.possible.clear();
        }
        known.possible.push(state);
    }

    /// Earlier links may be dead.
    pub(crate) fn resent(&mut self, address: &str) {
        self.invitations.get_mut(address).unwrap().is_resent = true;
    }

    /// Records one more expected effect.
    pub(crate) fn expect(&mut self, action: &'static str, number: i64, is_certain: bool) {
        let times = self.effects.entry((action, number)).or_default();
        times.least += usize::from(is_certain);
        times.most += 1;
    }

    pub(crate) fn note_seats_over(&mut self, reply: &Reply) {
        let reported = reply.headers.get("invited-seats-over").and_then(|seats| seats.parse().ok());
        self.figures.seats_over = self.figures.seats_over.max(reported.unwrap_or_default());
    }

    /// Invitations known to be pending, oldest first.
    fn pending(&self) -> impl DoubleEndedIterator<Item = (String, i64, i64, bool)> + '_ {
        self.order.iter().filter_map(|address| {
            let known = &self.invitations[address];
            match (known.id, known.possible.as_slice()) {
                (Some(id), [State::Pending { mark }]) => Some((address.clone(), id, *mark, known.is_resent)),
                _ => None,
            }
        })
    }

    pub(crate) fn newest_pending(&self) -> Option<(String, i64)> {
        self.pending().next_back().map(|(address, id, ..)| (address, id))
    }

    pub(crate) fn oldest_pending(&self) -> Option<(String, i64)> {
        self.pending().next().map(|(address, id, ..)| (address, id))
    }

    pub(crate) fn certain_pending(&self) -> Option<(String, i64, i64)> {
        self.pending().next_back().map(|(address, id, mark, _)| (address, id, mark))
    }

    /// Invitations whose first link works.
    pub(crate) fn acceptable(&self) -> impl Iterator<Item = (String, i64, i64)> + '_ {
        self.pending().filter(|(.., is_resent)| !is_resent).map(|(address, id, mark, _)| (address, id, mark))
    }

    /// The number of answered writes.
    pub(crate) fn certain_effects(&self) -> usize {
        self.effects.values().map(|times| times.least).sum()
    }

    /// Compares the ledgers with the rows; `rows` returns each row as one text.
    pub(crate) fn compare(ledgers: &[Self], rows: &dyn Fn(&str) -> Vec<String>) {
        let found = invitations(rows);
        let mut effects = effects(rows);
        for ledger in ledgers {
            for (address, known) in &ledger.invitations {
                let state = found.get(address).map_or(State::Absent, |(_, state)| *state);
                assert!(known.possible.contains(&state), "{address} is {state:?}, and not {:?}", known.possible);
                if let (Some(id), Some((there, _))) = (known.id, found.get(address)) {
                    assert_eq!(id, *there, "{address} has another id");
                }
            }
            for bulk in &ledger.bulks {
                let made = bulk.iter().filter(|mark| effects.contains_key(&("create".to_owned(), **mark))).count();
                assert!([0, bulk.len()].contains(&made), "{made} of a bulk of {} were made", bulk.len());
            }
        }
        for ((action, number), times) in ledgers.iter().flat_map(|ledger| &ledger.effects) {
            let count = effects.remove(&((*action).to_owned(), *number)).unwrap_or_default();
            assert!((times.least..=times.most).contains(&count), "{action} of {number}: {count}, and not {times:?}");
        }
        assert!(effects.is_empty(), "no client requested {effects:?}");
    }
}

/// Invitations by address, with id and state.
fn invitations(rows: &dyn Fn(&str) -> Vec<String>) -> BTreeMap<String, (i64, State)> {
    let sql = "SELECT email_key, id, bill_rate_in_cents, CASE WHEN accepted_at IS NULL THEN 0 ELSE 1 END \
               FROM account_invitations";
    let read = |row: String| {
        let cells: Vec<&str> = row.split('|').collect();
        let number = |at: usize| -> i64 { cells[at].parse().unwrap() };
        let mark = number(2);
        let state = if number(3) == 1 { State::Member { mark } } else { State::Pending { mark } };
        (cells[0].to_owned(), (number(1), state))
    };
    rows(sql).into_iter().map(read).collect()
}

/// How often each effect is in the trail, by its mark or the invitation's id.
fn effects(rows: &dyn Fn(&str) -> Vec<String>) -> BTreeMap<(String, i64), usize> {
    let sql = "SELECT split_part(action, '.', 2), CASE WHEN action IN ('account_invitation.create', \
               'account_invitation.update') THEN after::json->>'bill_rate_in_cents' ELSE subject_id::text END, count(*) \
               FROM audit WHERE subject_type = 'account_invitations' GROUP BY 1, 2";
    let read = |row: String| {
        let cells: Vec<&str> = row.split('|').collect();
        ((cells[0].to_owned(), cells[1].parse().unwrap()), cells[2].parse().unwrap())
    };
    rows(sql).into_iter().map(read).collect()
}
