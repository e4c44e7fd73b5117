//! What `SHOW GRANTS` would print after statements were run: the text, not the server's rows.

use super::parse::{Grantee, Place, Statement, statement};
use super::privilege::{Privilege, Privileges};

/// The lines as they would be after these statements, as far as a verdict can hang on them.
pub fn after(lines: &[String], statements: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    for text in statements {
        let text = text.trim().trim_end_matches(';');
        match statement(text) {
            Some(Statement::Grant { place, held, to, .. }) => {
                lift_revokes(&mut lines, &place, &held, &to);
                lines.push(text.to_owned());
            }
            Some(Statement::Revoke { place, from, .. }) => lines.retain(|line| {
                !matches!(statement(line), Some(Statement::Grant { place: at, to, .. })
                    if at == place && to == from)
            }),
            _ => {}
        }
    }
    lines
}

/// On MySQL a grant on a schema lifts a partial revoke of the same name.
fn lift_revokes(lines: &mut Vec<String>, place: &Place, granted: &Privileges, to: &[Grantee]) {
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines.drain(..) {
        match statement(&line) {
            Some(Statement::Revoke { place: at, taken, from }) if at == *place && from == to => {
                let left: Vec<&str> = taken
                    .difference(granted)
                    .map(|privilege| Privilege::name(*privilege))
                    .collect();
                if let (false, Some((_, rest))) = (left.is_empty(), line.split_once(" ON ")) {
                    kept.push(format!("REVOKE {} ON {rest}", left.join(", ")));
                }
            }
            _ => kept.push(line),
        }
    }
    *lines = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_added_and_rows_taken_away() {
        let lines =
            |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        for (before, statements, expected) in [
            (
                &["GRANT USAGE ON *.* TO 'u'@'%'"][..],
                &["GRANT SELECT ON `shop`.* TO 'u'@'%';"][..],
                &["GRANT USAGE ON *.* TO 'u'@'%'", "GRANT SELECT ON `shop`.* TO 'u'@'%'"][..],
            ),
            (
                &["GRANT SELECT ON `a%`.* TO 'u'@'%'", "GRANT SELECT ON `a%`.* TO 'r'@'%'"],
                &["REVOKE ALL PRIVILEGES ON `a%`.* FROM 'u'@'%';"],
                &["GRANT SELECT ON `a%`.* TO 'r'@'%'"],
            ),
            (
                &["REVOKE INSERT, UPDATE, EVENT ON `shop`.* FROM `u`@`%`"],
                &["GRANT INSERT ON `shop`.* TO `u`@`%`;"],
                &["REVOKE UPDATE ON `shop`.* FROM `u`@`%`", "GRANT INSERT ON `shop`.* TO `u`@`%`"],
            ),
            (
                &["REVOKE INSERT ON `shop`.* FROM `u`@`%`"],
                &["GRANT INSERT ON `shop`.* TO `u`@`%`;", "SET DEFAULT ROLE x TO u;"],
                &["GRANT INSERT ON `shop`.* TO `u`@`%`"],
            ),
        ] {
            assert_eq!(after(&lines(before), &lines(statements)), lines(expected));
        }
    }
}
