//! The text of a judged chain: the causes of a refusal, then the certificates that were sent.

use jiff::Timestamp;
use tidb_dms_checks::trust::{Ca, Link, Trust, Verdict};

use super::{
    text::{Page, Style, Tone, counted, listed, plain},
    trace::gap_text,
};

/// What was asked, as far as the text repeats it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The server's name.
    pub host: &'a str,
    /// The CA.
    pub ca: &'a Ca,
    /// The time, where it was given.
    pub at: Option<Timestamp>,
}

/// An answer as `tidb-dms tls` prints it.
pub fn render(trust: &Trust, asked: &Asked<'_>, style: &Style) -> String {
    let mut page = Page::new(*style);
    match trust.verdict {
        Verdict::Trusted => {
            let text = format!("trusted as {}, under {}", plain(asked.host), names(asked.ca));
            page.labelled("✓ ", Tone::Good, Tone::Good, &text);
        }
        Verdict::Refused => {
            for cause in &trust.causes {
                let text = format!("{}: {}", cause.code.name(), plain(&cause.detail));
                page.labelled("✗ ", Tone::Bad, Tone::Bad, &text);
            }
        }
        Verdict::Unknown => {
            let things = counted(trust.gaps.len(), "thing was not seen", "things were not seen");
            let text = format!("can't be told: {things}");
            page.labelled("? ", Tone::Doubtful, Tone::Doubtful, &text);
        }
    }
    for gap in &trust.gaps {
        page.labelled("  ? ", Tone::Doubtful, Tone::Plain, &gap_text(gap));
    }
    for (index, link) in trust.chain.iter().enumerate() {
        page.labelled(&format!("  {} ", index + 1), Tone::Plain, Tone::Plain, &certificate(link));
    }
    if let Some(at) = asked.at {
        let text = format!("judged for {}", at.strftime("%Y-%m-%d %H:%M:%S UTC"));
        page.paragraph(2, Tone::Dim, &text);
    }
    page.finish()
}

fn names(ca: &Ca) -> String {
    let names: Vec<String> =
        ca.certificates().iter().map(|certificate| short(&certificate.link().subject)).collect();
    if let [one] = names.as_slice() {
        return one.clone();
    }
    format!("one of {}", listed(&names))
}

/// Whom it names, who issued it, until when it is valid.
fn certificate(link: &Link) -> String {
    let issuer = if link.self_signed { "itself".to_owned() } else { short(&link.issuer) };
    format!(
        "{}   issued by {issuer}   {} to {}",
        short(&link.subject),
        link.not_before.strftime("%Y-%m-%d"),
        link.not_after.strftime("%Y-%m-%d")
    )
}

/// The common name alone where there is one, as people call a certificate.
fn short(name: &str) -> String {
    let common = name.rsplit_once("CN=").map(|(_, common)| common);
    match common {
        Some(common) if !common.is_empty() && !common.contains(", ") => plain(common),
        _ => plain(name),
    }
}
