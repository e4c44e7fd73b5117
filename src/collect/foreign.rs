//! Files that matter and can't be read as they are: what they are, and what to send instead.

use tidb_dms_checks::facts::Inventory;

/// What a file is by its first bytes, and what to do about it.
pub(super) fn by_its_start(start: &[u8]) -> Option<&'static str> {
    const PACKED: [&[u8]; 7] = [
        b"\x1F\x8B",
        b"PK\x03\x04",
        b"BZh",
        b"\xFD7zXZ\0",
        b"7z\xBC\xAF\x27\x1C",
        b"\x28\xB5\x2F\xFD",
        b"Rar!\x1A\x07",
    ];
    let is_tar = start.get(257..262) == Some(b"ustar".as_slice());
    if is_tar || PACKED.iter().any(|mark| start.starts_with(mark)) {
        return Some("it is packed: unpack it first");
    }
    if matches!(start, [0x30, 0x82, ..]) {
        return Some(
            "it is binary, as certificates in DER are: `openssl x509 -inform DER` makes text of one",
        );
    }
    // JSON never begins so, and Python's dictionaries do.
    let text: Vec<u8> = start.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = text.strip_prefix(b"[").unwrap_or(&text);
    text.starts_with(b"{'").then_some(
        "it is what Python prints of an answer: `json.dumps(answer, default=str)` makes JSON of it",
    )
}

/// What a text is that holds nothing which is read.
pub(super) fn by_its_text(text: &str) -> Option<String> {
    let json = "save what the AWS CLI prints with `--output json`";
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    if let Some((code, call)) = refusal(text) {
        return Some(format!("it is no answer: AWS refused {call} with {code}"));
    }
    if text.contains("-----BEGIN PKCS7-----") {
        return Some("it is PKCS #7: `openssl pkcs7 -print_certs` makes certificates of it".into());
    }
    let first = lines.find(|line| !line.starts_with("---") && !line.starts_with("+-"))?;
    let name = first.strip_prefix("- ").unwrap_or(first).trim_end_matches("[]").trim_end();
    let is_list = |name: &str| Inventory::LISTS.iter().any(|(list, _)| *list == name);
    if name.strip_suffix(':').is_some_and(is_list) {
        return Some(format!("it is YAML: {json}"));
    }
    if first.starts_with('|') && first.trim_matches(['|', ' ']).starts_with("Describe") {
        return Some(format!("it is a table: {json}"));
    }
    let word = first.split('\t').next().unwrap_or_default();
    let is_word = |list: &str| list.eq_ignore_ascii_case(word) && word == word.to_ascii_uppercase();
    if first.contains('\t') && Inventory::LISTS.iter().any(|(list, _)| is_word(list)) {
        return Some(format!("it is the AWS CLI's text output: {json}"));
    }
    if Inventory::LISTS.iter().any(|(list, _)| text.contains(&format!("\"{list}\":"))) {
        return Some(
            "it has JSON among other text: leave only what the AWS CLI printed, or the command above it"
                .into(),
        );
    }
    if first.trim_matches(['|', '"', ' ']).starts_with("Variable_name") {
        return Some(
            "variables of a server are read by a login alone: `tidb-dms probe HOST --user USER`, where \
             the server is in reach"
                .into(),
        );
    }
    let is_of_log = |line: &str| line.contains("]E:  ") || line.contains("]I:  ");
    if text.lines().filter(|line| is_of_log(line)).count() > 1 {
        return Some(
            "logs of DMS tasks aren't read; the task's last failure is, in what `aws dms \
             describe-replication-tasks` prints"
                .into(),
        );
    }
    let is_grant = |line: &str| line.starts_with("GRANT ") && line.contains(" TO ");
    if text.lines().any(|line| is_grant(line.trim_start())) {
        return Some(
            "it has GRANT statements, but not as a server's answer: send all that `SHOW GRANTS` \
             prints, with its title `Grants for …`"
                .into(),
        );
    }
    None
}

/// What AWS refused, in the words of its CLI: the error's code and the call.
fn refusal(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("An error occurred (")?;
    let (code, rest) = rest.split_once(") when calling the ")?;
    let (call, _) = rest.split_once(" operation")?;
    let is_plain = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    (is_plain(code) && is_plain(call)).then_some((code, call))
}

/// Said of a list whose items have no ids.
pub(super) const WITHOUT_IDS: &str = " without ids";

/// What a JSON document is that holds nothing which is read, by its members.
pub(super) fn by_its_members(members: &[String], is_list: bool) -> Option<&'static str> {
    if is_list {
        return Some(
            "a list that doesn't say of what: send what the AWS CLI prints without `--query`",
        );
    }
    if members.iter().any(|member| member.ends_with(WITHOUT_IDS)) {
        return Some(
            "lists without ids, by which nothing can be told apart: send what the AWS CLI prints \
             without `--query`",
        );
    }
    if members.iter().any(|member| member.starts_with("Grants for ")) {
        return Some("grants in JSON: send them as a client prints them, as text");
    }
    let has = |name: &str| members.iter().any(|member| member == name);
    if has("terraform_version") {
        Some(
            "Terraform's, and what it meant to make: send what AWS says there is (`aws … describe-…`)",
        )
    } else if has("AWSTemplateFormatVersion") || (has("Resources") && has("Parameters")) {
        Some(
            "a CloudFormation template, and what it meant to make: send what AWS says there is (`aws … describe-…`)",
        )
    } else if has("configurationItems") || has("configurationItem") || has("Records") {
        Some(
            "a record of AWS Config or CloudTrail: send what AWS says there is now (`aws … describe-…`)",
        )
    } else if has("cluster_type") || (has("items") && has("total")) {
        Some("an answer of TiDB Cloud's older API: send what `…/v1beta1/clusters` answers")
    } else if has("code") && has("message") && has("details") {
        Some("an error of TiDB Cloud's API and no answer")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_files_and_pythons_words_are_known_by_their_start() {
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for start in [b"\x1F\x8B\x08", b"BZh".as_slice(), &tar] {
            assert!(by_its_start(start).unwrap().contains("unpack"));
        }
        assert!(by_its_start(b"[ {'Vpcs'").unwrap().contains("Python"));
        assert!(by_its_start(b"0\x82\x01").unwrap().contains("DER"));
        for start in [b"".as_slice(), b"{\"Vpcs\"", b"[]", b"Grants for x"] {
            assert_eq!(by_its_start(start), None);
        }
    }

    #[test]
    fn the_cli_s_other_outputs_are_known_by_their_looks() {
        for (text, word) in [
            ("Vpcs:\n- VpcId: vpc-1\n", "YAML"),
            ("---\n- Vpcs: []\n", "YAML"),
            ("-----\n|  DescribeVpcs  |\n+----+\n", "table"),
            ("NATGATEWAYS\tpublic\tnat-1\n", "text output"),
            (
                "\nAn error occurred (UnauthorizedOperation) when calling the DescribeVpcs operation: no\n",
                "refused DescribeVpcs with UnauthorizedOperation",
            ),
            ("use x;\nGRANT SELECT ON a.* TO 'u'@'%';\n", "SHOW GRANTS"),
            ("-----BEGIN PKCS7-----\n", "PKCS #7"),
            ("+---+\n| Variable_name | Value |\n", "variables"),
            ("Variable_name\tValue\nread_only\tOFF\n", "variables"),
            ("[TASK_MANAGER ]I:  a\n[TARGET_APPLY ]E:  b\n", "logs of DMS tasks"),
            ("```json\n{\"Vpcs\": []}\n```\n", "JSON among other text"),
            ("> {\n>   \"Vpcs\": []\n> }\n", "JSON among other text"),
        ] {
            assert!(by_its_text(text).is_some_and(|what| what.contains(word)), "{text}");
        }
        for text in ["Dear support,\nplease help\n", "name: x\n", "Vpcs\tare\n", ""] {
            assert_eq!(by_its_text(text), None, "{text}");
        }
    }
}
