//! Evidence as customers send it: files and folders of AWS CLI output, with all that goes wrong.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod files;
mod lists;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tidb_dms::collect::evidence;
use tidb_dms_checks::facts::{Facts, Inventory};

/// A folder of evidence, made of names and contents.
struct Evidence(TempDir);

impl Evidence {
    fn of<C: AsRef<[u8]>>(files: &[(&str, C)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The text without the folder's name, which is new each time.
    fn plain(&self, text: &str) -> String {
        let folder = self.0.path().to_str().unwrap();
        text.replace(&format!("{folder}/"), "").replace(folder, "the folder")
    }

    fn read_paths<P: AsRef<Path>>(&self, paths: &[P]) -> Result<(Facts, Vec<String>), String> {
        let mut facts = Facts::new("2026-11-24T10:00:00Z".parse().unwrap());
        let mut notes = Vec::new();
        evidence::read(paths, facts.taken_at, &mut facts, &mut notes)
            .map_err(|error| self.plain(&error.to_string()))?;
        let notes = notes.iter().map(|note| self.plain(note)).collect();
        Ok((facts, notes))
    }

    fn read(&self) -> Result<(Facts, Vec<String>), String> {
        self.read_paths(&[self.0.path()])
    }

    /// The inventory and the notes; the reading has to work.
    fn inventory(&self) -> (Inventory, Vec<String>) {
        let (facts, notes) = self.read().unwrap();
        (facts.inventory, notes)
    }

    /// What is said when the folder is read; that has to fail.
    fn error(&self) -> String {
        self.read().unwrap_err()
    }
}

fn subnets(inventory: &Inventory) -> Vec<&str> {
    let ids = inventory.subnets.items.iter();
    ids.map(|subnet| subnet.subnet_id.as_str()).collect()
}

const ONE: &str = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#;
const TWO: &str = r#"{"Subnets": [{"SubnetId": "subnet-2", "VpcId": "vpc-1"}]}"#;
