//! Reports on their way out: placeholders before the work, whole files after it.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use thiserror::Error;
use tidb_dms_checks::{
    facts::{Gap, Run, Unlock},
    judgement::Outcome,
    report::{MigrationSummary, Report, Row, Subject, VERSION, Verdict},
    severity::Severity,
};

use super::{
    json, junit, plain,
    target::{Format, Target},
    terminal,
    text::Style,
};

/// What reports need to know besides what was found.
#[derive(Clone, Debug)]
pub struct Context {
    /// The ids of the checks that were selected, for the report of a run that did not finish.
    pub checks: Vec<String>,
    /// The migration's name as far as it is known before the work, for the same.
    pub migration: String,
    /// The time of the facts, for the same.
    pub taken_at: Timestamp,
    /// The level from which the run fails.
    pub fail_on: Severity,
    /// How standard output looks.
    pub style: Style,
    /// A line above the terminal report, such as that this is a demo.
    pub banner: Option<String>,
}

/// Why reports can't be written where they should be.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Two reports would mix on standard output.
    #[error("--report: `{first}` and `{second}` both go to standard output; give one a file")]
    TwoOnStandardOutput {
        /// One format.
        first: Format,
        /// The other.
        second: Format,
    },
    /// Two reports would overwrite each other.
    #[error("--report: two reports go to the same file, {}", plain(&file.display().to_string()))]
    SameFile {
        /// The file.
        file: PathBuf,
    },
    /// A file can't be written.
    #[error("{}: can't write the report: {}", plain(&file.display().to_string()), reason(source))]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output can't be written.
    #[error("standard output: can't write the report: {}", reason(.0))]
    StandardOutput(io::Error),
}

/// The system's reason, without its number and in lower case.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_lowercase(), letters.as_str()))
}

/// All reports of a run.
#[derive(Debug)]
pub struct Outputs {
    targets: Vec<Target>,
    context: Context,
}

impl Outputs {
    /// Checks where the reports go and puts into each file a report that says "did not finish". A run
    /// that dies leaves that, never an older report.
    ///
    /// Where no target is standard output, the terminal report goes there.
    pub fn prepare(targets: Vec<Target>, context: Context) -> Result<Self, ReportError> {
        let mut targets = targets;
        let mut on_stdout = targets.iter().filter(|target| target.file.is_none());
        match (on_stdout.next(), on_stdout.next()) {
            (Some(first), Some(second)) => {
                return Err(ReportError::TwoOnStandardOutput {
                    first: first.format,
                    second: second.format,
                });
            }
            (None, _) => targets.push(Target { format: Format::Terminal, file: None }),
            (Some(_), None) => {}
        }
        let mut seen: Vec<PathBuf> = Vec::new();
        for file in targets.iter().filter_map(|target| target.file.as_ref()) {
            // Nothing is lost where the null device gets two reports.
            if !is_stream(file) {
                let place = whereabouts(file);
                if seen.contains(&place) {
                    return Err(ReportError::SameFile { file: file.clone() });
                }
                seen.push(place);
            }
        }
        let outputs = Self { targets, context };
        let failed = |file: &Path| {
            let file = file.to_owned();
            move |source| ReportError::File { file, source }
        };
        // All are checked before the first is touched.
        for file in outputs.targets.iter().filter_map(|target| target.file.as_ref()) {
            check(file).map_err(failed(file))?;
        }
        for target in &outputs.targets {
            if let Some(file) = &target.file
                && !is_stream(file)
            {
                replace(file, &outputs.unfinished(target.format)).map_err(failed(file))?;
            }
        }
        Ok(outputs)
    }

    /// The same with a line above each terminal report.
    #[must_use]
    pub fn with_banner(mut self, banner: Option<String>) -> Self {
        self.context.banner = banner;
        self
    }

    /// Writes what was found to all targets. All are tried; the first error is given back. Whoever
    /// reads standard output may stop reading.
    pub fn finish(&self, reports: &[Report]) -> Result<(), ReportError> {
        self.finish_to(reports, &mut io::stdout().lock())
    }

    /// The same with something else in the place of standard output.
    pub fn finish_to(
        &self,
        reports: &[Report],
        stdout: &mut impl Write,
    ) -> Result<(), ReportError> {
        let mut result = Ok(());
        for target in &self.targets {
            let done = if let Some(file) = &target.file {
                let text = self.render(target.format, reports, &Style::FILE);
                replace(file, &text)
                    .map_err(|source| ReportError::File { file: file.clone(), source })
            } else {
                let text = self.render(target.format, reports, &self.context.style);
                print(stdout, &text).map_err(ReportError::StandardOutput)
            };
            result = result.and(done);
        }
        result
    }

    /// Says on standard output too that the run did not finish, and why.
    pub fn did_not_finish(&self, why: &str) -> Result<(), ReportError> {
        let stdout = self.targets.iter().find(|target| target.file.is_none());
        let Some(target) = stdout else { return Ok(()) };
        let text = match target.format {
            Format::Terminal => {
                format!("? {}: no result, {}\n", plain(&self.context.migration), plain(why))
            }
            format => self.unfinished(format),
        };
        print(&mut io::stdout().lock(), &text).map_err(ReportError::StandardOutput)
    }

    fn render(&self, format: Format, reports: &[Report], style: &Style) -> String {
        match format {
            Format::Terminal => {
                let mut banner = self.context.banner.as_deref();
                let texts: Vec<String> = reports
                    .iter()
                    .map(|report| terminal::render(report, style, banner.take()))
                    .collect();
                let rule = format!("\n{}\n\n", "━".repeat(style.width.min(80)));
                texts.join(&rule)
            }
            Format::Json => json::render(reports),
            Format::Junit => junit::render(reports, self.context.fail_on),
        }
    }

    /// What stands in a file until the run has finished.
    fn unfinished(&self, format: Format) -> String {
        let context = &self.context;
        match format {
            Format::Terminal => {
                format!("? {}: no result, the run did not finish\n", plain(&context.migration))
            }
            Format::Json => json::render(&[unfinished(context)]),
            Format::Junit => {
                junit::unfinished(&context.migration, &context.checks, context.taken_at)
            }
        }
    }
}

/// A run that did not finish, as a report: every check undecided.
fn unfinished(context: &Context) -> Report {
    let rows: Vec<Row> = context
        .checks
        .iter()
        .map(|check| Row {
            check: check.clone(),
            subject: Subject { kind: "migration".to_owned(), id: context.migration.clone() },
            outcome: Outcome::Unknown,
            level: Severity::Error,
            findings: Vec::new(),
            gaps: vec![Gap::new("no result", "the run did not finish", Unlock::Nothing)],
            evidence: Vec::new(),
            by: Vec::new(),
            reason: None,
            waived: None,
        })
        .collect();
    Report {
        version: VERSION,
        verdict: Verdict::Unknown,
        exit_code: 3,
        taken_at: context.taken_at,
        migration: MigrationSummary {
            name: context.migration.clone(),
            ..MigrationSummary::default()
        },
        names: BTreeMap::new(),
        counts: BTreeMap::from([(Outcome::Unknown.as_str().to_owned(), rows.len())]),
        left_out: 0,
        root_causes: Vec::new(),
        to_decide: Vec::new(),
        then_perhaps: Vec::new(),
        rehearsal: None,
        rows,
        assumptions: Vec::new(),
        paths: Vec::new(),
        compliance: Vec::new(),
        own_checks: Vec::new(),
        notes: vec!["no result: the run did not finish".to_owned()],
        run: Run::default(),
    }
}

/// Whether it is a pipe, a terminal, a device: written straight, and only once.
fn is_stream(file: &Path) -> bool {
    file.starts_with("/dev")
        || file.starts_with("/proc")
        || fs::metadata(file).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// One name for one file, through links.
fn whereabouts(file: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(file) {
        return path;
    }
    match (fs::canonicalize(folder(file)), file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file.to_owned(),
    }
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a report can be written there, without touching what is there.
fn check(file: &Path) -> io::Result<()> {
    let meta = match fs::metadata(file) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !fs::metadata(folder(file))?.is_dir() || file.file_name().is_none() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            // Whether the folder takes a new file shows only when it is given one.
            let (path, _) = beside(&whereabouts(file))?;
            return fs::remove_file(path);
        }
        Err(error) => return Err(error),
    };
    if meta.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if meta.is_file() {
        OpenOptions::new().write(true).open(file)?;
    }
    // Opening a pipe would wait for its reader, and closing it would end the reader's input.
    Ok(())
}

/// Writes a file so that whoever reads it sees the old text or the new one, never half of it.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    replace(file, text)
}

/// Writes the whole text to a new file beside and renames it over the old one, whose mode it keeps.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    if is_stream(file) {
        return straight(file, text);
    }
    // A link stays a link: its target is replaced.
    let file = whereabouts(file);
    if fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_symlink()) {
        return straight(&file, text);
    }
    match beside(&file) {
        Ok((path, new)) => {
            let done = fill(new, &file, text).and_then(|()| fs::rename(&path, &file));
            if done.is_err() {
                // The error that counts is the first one.
                let _ = fs::remove_file(&path);
            }
            done
        }
        // The folder takes no new file, but the file itself may be written.
        Err(_) if file.exists() => straight(&file, text),
        Err(error) => Err(error),
    }
}

fn fill(mut new: File, old: &Path, text: &str) -> io::Result<()> {
    // The mode comes first: what is kept from others is never theirs to read in between.
    if let Ok(meta) = fs::metadata(old) {
        new.set_permissions(meta.permissions())?;
    }
    new.write_all(text.as_bytes())
}

fn straight(file: &Path, text: &str) -> io::Result<()> {
    let mut stream = OpenOptions::new().write(true).create(true).truncate(true).open(file)?;
    print(&mut stream, text)
}

/// Writes to a stream. Whoever reads it may stop reading.
fn print(stream: &mut impl Write, text: &str) -> io::Result<()> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// A new file in the same folder.
fn beside(file: &Path) -> io::Result<(PathBuf, File)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut attempt = 0;
    loop {
        let name = format!(".{name}.{}-{attempt}.part", std::process::id());
        let path = file.with_file_name(name);
        match File::create_new(&path) {
            Ok(new) => return Ok((path, new)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;
    use crate::report::samples;

    fn context() -> Context {
        Context {
            checks: vec!["network/route".into(), "dms/ssl-mode".into()],
            migration: "orders-to-tidb".into(),
            taken_at: samples::healthy().taken_at,
            fail_on: Severity::Error,
            style: Style::FILE,
            banner: Some("A demo.".into()),
        }
    }

    fn target(format: Format, file: &Path) -> Target {
        Target { format, file: Some(file.to_owned()) }
    }

    fn stdout(format: Format) -> Target {
        Target { format, file: None }
    }

    /// Standard output that fails in one way.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_file_says_did_not_finish_until_the_run_has() {
        let folder = tempfile::tempdir().unwrap();
        let files = Format::ALL.map(|format| (format, folder.path().join(format.as_str())));
        let targets = files.iter().map(|(format, file)| target(*format, file)).collect();
        let outputs = Outputs::prepare(targets, context()).unwrap();
        let read = |index: usize| fs::read_to_string(&files[index].1).unwrap();
        assert_eq!(read(0), "? orders-to-tidb: no result, the run did not finish\n");
        let report: Report = serde_json::from_str(&read(1)).unwrap();
        assert_eq!((report.verdict, report.exit_code), (Verdict::Unknown, 3));
        assert_eq!(report.count(Outcome::Unknown), report.rows.len());
        assert_eq!(report.rows.len(), 2);
        assert_eq!(read(2).matches("<error ").count(), 2);

        let mut seen = Vec::new();
        let reports = [samples::broken(), samples::healthy()];
        outputs.finish_to(&reports, &mut seen).unwrap();
        let text = String::from_utf8(seen).unwrap();
        assert!(text.starts_with("A demo.\n"), "the terminal gets a report of its own");
        assert_eq!(text.matches("A demo.").count(), 1);
        assert_eq!(read(1), json::render(&reports));
        assert_eq!(read(2), junit::render(&reports, Severity::Error));
        // Nothing else was left behind.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn mode_and_links_are_kept_and_the_file_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.json"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.json", &link).unwrap();
        let held = File::open(&file).unwrap();
        let outputs = Outputs::prepare(vec![target(Format::Json, &link)], context()).unwrap();
        outputs.finish_to(&[samples::healthy()], &mut io::sink()).unwrap();
        let meta = fs::metadata(&file).unwrap();
        assert_eq!(meta.mode() & 0o777, 0o640);
        // Whoever has the old file open keeps the old one whole.
        assert_eq!(io::read_to_string(held).unwrap(), "old");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&link).unwrap().contains("orders-to-tidb"));
    }

    #[test]
    fn pipes_and_devices_are_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let targets = vec![
            target(Format::Json, &pipe),
            target(Format::Junit, Path::new("/dev/null")),
            target(Format::Json, Path::new("/dev/null")),
        ];
        // Nobody reads the pipe yet, and this must not wait.
        let outputs = Outputs::prepare(targets, context()).unwrap();
        let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
        let reports = [samples::healthy()];
        outputs.finish_to(&reports, &mut io::sink()).unwrap();
        assert_eq!(reader.join().unwrap(), json::render(&reports));
    }

    #[test]
    fn what_cannot_work_is_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let (file, good) = (folder.path().join("file"), folder.path().join("good"));
        fs::write(&file, "precious").unwrap();
        symlink("file", folder.path().join("link")).unwrap();
        let refused = |targets: Vec<Target>| {
            let error = Outputs::prepare(targets, context()).unwrap_err().to_string();
            assert!(!error.contains('\n'));
            error.replace(&folder.path().display().to_string(), "…")
        };
        let json = |path: PathBuf| target(Format::Json, &path);
        assert_eq!(
            refused(vec![stdout(Format::Json), stdout(Format::Junit)]),
            "--report: `json` and `junit` both go to standard output; give one a file"
        );
        assert_eq!(
            refused(vec![json(file.clone()), json(folder.path().join("link"))]),
            "--report: two reports go to the same file, …/link"
        );
        let other_name = folder.path().join("../").join(folder.path().file_name().unwrap());
        assert_eq!(
            refused(vec![json(good.clone()), json(other_name.join("good"))]),
            format!(
                "--report: two reports go to the same file, …/../{}/good",
                folder.path().file_name().unwrap().display()
            )
        );
        assert_eq!(
            refused(vec![json(good.clone()), json(folder.path().join("no/where"))]),
            "…/no/where: can't write the report: no such file or directory"
        );
        assert_eq!(
            refused(vec![json(folder.path().to_owned())]),
            "…: can't write the report: is a directory"
        );
        assert_eq!(
            refused(vec![json(file.join("below"))]),
            "…/file/below: can't write the report: not a directory"
        );
        // Nothing was touched.
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
        assert!(!good.exists());
    }

    #[test]
    fn a_reader_may_stop_and_a_full_disk_is_an_error() {
        let outputs = Outputs::prepare(vec![stdout(Format::Json)], context()).unwrap();
        let reports = [samples::healthy()];
        let mut gone = Failing(io::ErrorKind::BrokenPipe);
        outputs.finish_to(&reports, &mut gone).unwrap();
        let mut full = Failing(io::ErrorKind::StorageFull);
        let error = outputs.finish_to(&reports, &mut full).unwrap_err();
        assert_eq!(error.to_string(), "standard output: can't write the report: no storage space");
        let full = target(Format::Json, Path::new("/dev/full"));
        let outputs = Outputs::prepare(vec![full], context()).unwrap();
        let mut seen = Vec::new();
        let error = outputs.finish_to(&reports, &mut seen).unwrap_err();
        assert_eq!(error.to_string(), "/dev/full: can't write the report: no space left on device");
        assert!(!seen.is_empty(), "the others are written all the same");
    }
}
