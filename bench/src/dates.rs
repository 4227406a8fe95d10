//! Days since 1970-01-01 as `YYYY-MM-DD`.
//!
//! Howard Hinnant's well-known arithmetic on eras of 400 years. The bench needs dates in two places, which does not
//! justify a calendar library.

use std::io::Write;

/// Appends the date of a day.
pub(crate) fn print_day(day: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(day);
    // Writing into a vector cannot fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

fn civil(day: i64) -> (i64, i64, i64) {
    // The year starts in March here, so that the leap day is the last one.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Microseconds since 1970.
pub(crate) fn now_in_microseconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_have_their_dates() {
        for (day, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (22_311, "2031-02-01"),
            (-1, "1969-12-31"),
        ] {
            let mut out = Vec::new();
            print_day(day, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), date);
        }
    }
}
