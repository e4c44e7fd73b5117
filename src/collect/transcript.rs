//! What a session at a terminal shows: the AWS CLI's JSON below the command that printed it, with
//! prompts and warnings around it.

use serde::de::IgnoredAny;

/// JSON that a command printed.
#[derive(Debug)]
pub(super) struct Printed<'t> {
    /// The command, continuation lines and all.
    pub(super) command: String,
    /// The line on which the JSON begins, from 0.
    pub(super) line: usize,
    /// The JSON, and why it can't be read if that is so.
    pub(super) json: &'t str,
    /// What is wrong with it.
    pub(super) error: Option<serde_json::Error>,
}

/// Between a command and what it prints, warnings may stand, or the head of an HTTP answer.
const FAR: usize = 20;

/// Finds JSON below commands that print it. JSON elsewhere in a text may be anybody's example.
pub(super) fn printed(text: &str) -> Vec<Printed<'_>> {
    let mut all = Vec::new();
    let mut command: Option<(String, usize)> = None;
    let mut is_open = false;
    let mut resume = 0;
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let at = start;
        start += line.len();
        if at < resume || line.trim().is_empty() {
            continue;
        }
        let words = line.trim();
        if let (true, Some((command, last))) = (is_open, &mut command) {
            command.push(' ');
            command.push_str(words);
            *last = number;
            is_open = is_continued(words);
            continue;
        }
        let is_near = |(_, last): &(String, usize)| number - last <= FAR;
        if words.starts_with(['{', '['])
            && let Some((command, _)) = command.take_if(|command| is_near(command))
            && is_question(&command)
        {
            let begin = at + line.len() - line.trim_start().len();
            let (length, error) = length(&text[begin..]);
            all.push(Printed { command, line: number, json: &text[begin..begin + length], error });
            resume = begin + length;
        } else if is_command(words) {
            command = Some((words.to_owned(), number));
            is_open = is_continued(words);
        }
    }
    all
}

/// The text without what commands printed.
pub(super) fn rest(text: &str, printed: &[Printed<'_>]) -> String {
    let mut rest = String::new();
    let mut left = text;
    for one in printed {
        if let Some((before, behind)) = left.split_once(one.json) {
            rest.push_str(before);
            left = behind;
        }
    }
    rest.push_str(left);
    rest
}

/// How long a JSON document is; of a broken one, all up to the next command.
fn length(text: &str) -> (usize, Option<serde_json::Error>) {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match documents.next() {
        Some(Err(error)) => {
            let lines = text.split_inclusive('\n').take_while(|line| !is_command(line));
            (lines.map(str::len).sum(), Some(error))
        }
        _ => (documents.byte_offset(), None),
    }
}

fn is_continued(line: &str) -> bool {
    line.ends_with(['\\', '`', '^'])
}

/// Whether a line calls what may print evidence: the AWS CLI, or TiDB Cloud's API.
fn is_command(line: &str) -> bool {
    let is_aws = |word: &str| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        matches!(name, "aws" | "aws.exe")
    };
    is_of_tidb_cloud(line) || line.split_whitespace().any(is_aws)
}

/// Whether a command asks for what there is.
fn is_question(command: &str) -> bool {
    let asks =
        |word: &str| ["describe-", "get-", "list-"].iter().any(|verb| word.starts_with(verb));
    is_of_tidb_cloud(command) || command.split_whitespace().any(asks)
}

fn is_of_tidb_cloud(command: &str) -> bool {
    command.contains("tidbapi.com/")
}

/// Whether a command behind a pipe prints all that it gets.
fn passes_all_on(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["jq"] | ["jq", "." | "'.'"] => true,
        [name, ..] => matches!(*name, "cat" | "less" | "more" | "tee" | "Out-String"),
        [] => false,
    }
}

impl Printed<'_> {
    /// Whether the command asks for some of what there is only, or another one cut what it printed.
    pub(super) fn is_selective(&self) -> bool {
        let mut commands = self.command.split(" | ");
        let question = commands.next().unwrap_or_default();
        if !commands.all(passes_all_on) {
            return true;
        }
        question.split_whitespace().any(|word| {
            let option = word.split('=').next().unwrap_or(word);
            matches!(
                option,
                "--filter"
                    | "--filters"
                    | "--max-items"
                    | "--max-results"
                    | "--max-records"
                    | "--no-paginate"
                    | "--page-token"
                    | "--path-prefix"
                    | "--query"
                    | "--starting-token"
            ) || option.starts_with("--")
                && (option.ends_with("-ids") || option.ends_with("-names"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, usize, String, bool)> {
        printed(text)
            .into_iter()
            .map(|it| (it.command, it.line, it.json.to_owned(), it.error.is_none()))
            .collect()
    }

    #[test]
    fn json_is_found_below_the_command_that_printed_it() {
        let text = "[me@host ~]$ aws ec2 describe-vpcs\n{\n  \"Vpcs\": []\n}\n[me@host ~]$ /usr/bin/aws ec2 \\\n\
                    > describe-subnets\nurllib3: InsecureRequestWarning\n{\"Subnets\": [\"{\"]}\n$ exit\n";
        assert_eq!(
            found(text),
            [
                (
                    "[me@host ~]$ aws ec2 describe-vpcs".into(),
                    1,
                    "{\n  \"Vpcs\": []\n}".into(),
                    true
                ),
                (
                    "[me@host ~]$ /usr/bin/aws ec2 \\ > describe-subnets".into(),
                    7,
                    "{\"Subnets\": [\"{\"]}".into(),
                    true
                ),
            ]
        );
    }

    #[test]
    fn an_example_in_a_text_is_nobodys_answer() {
        for text in [
            "The answer looks like this:\n{\"Vpcs\": []}\n",
            "```json\n{\"Vpcs\": []}\n```\n",
            "aws sts assume-role\n{\"Credentials\": {}}\n",
            "$ aws ec2 describe-vpcs\n\nAn error occurred\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_is_said_to_be() {
        let all = found("$ aws ec2 describe-vpcs\n{\"Vpcs\": [\n$ aws ec2 describe-subnets\n{}\n");
        let is_whole: Vec<bool> = all.iter().map(|one| one.3).collect();
        assert_eq!(is_whole, [false, true]);
        assert_eq!(all[0].2, "{\"Vpcs\": [\n");
    }

    #[test]
    fn the_rest_is_what_stands_around() {
        let text = "$ aws ec2 describe-vpcs\n{\"Vpcs\": []}\n$ mysql\n";
        assert_eq!(rest(text, &printed(text)), "$ aws ec2 describe-vpcs\n\n$ mysql\n");
    }

    #[test]
    fn a_command_may_ask_for_some_only() {
        let is_selective = |arguments: &str| {
            let text = format!("$ aws ec2 describe-vpcs {arguments}\n{{}}\n");
            printed(&text)[0].is_selective()
        };
        for arguments in [
            "--filters Name=x,Values=y",
            "--vpc-ids vpc-1",
            "--max-items=5",
            "--query Vpcs",
            "| jq '{Vpcs: [.Vpcs[0]]}'",
            "| tee all.json | python3 cut.py",
        ] {
            assert!(is_selective(arguments), "{arguments}");
        }
        for arguments in [
            "",
            "--region us-east-1 --output json",
            "--profile \"a --b\"",
            "| jq .",
            "| tee all.json | cat",
        ] {
            assert!(!is_selective(arguments), "{arguments}");
        }
    }
}
