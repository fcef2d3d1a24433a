//! Whether each activity resumes and stops, without a server.

use std::sync::Arc;

use autobeat::{
    CancelReason,
    testing::{CancelCheck, ResumeCheck},
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{activities::AT_ONCE, *};

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        let rows = (0..100).map(|row| format!("{row:03},{row}\n"));
        fs::write(world.file(), rows.collect::<String>()).unwrap();
        world
    }

    /// With its rows in the database.
    fn imported() -> Self {
        let world = Self::new();
        let mut import = rows::Import::begin(&world.service().database, &world.file()).unwrap();
        import.insert(&rows::read(&world.file()).unwrap()).unwrap();
        world
    }

    fn service(&self) -> Arc<Service> {
        let service = Service::in_folder(self.folder.path(), Duration::from_millis(1));
        Arc::new(service.unwrap())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("rows.csv")
    }

    /// In the order in which they were written.
    fn rows(&self) -> Vec<String> {
        let connection = Connection::open(&self.service().database).unwrap();
        let mut rows = connection.prepare("SELECT id FROM rows ORDER BY rowid").unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The first words of the lines that whoever is outside has written.
    fn outside(&self, name: &str) -> Vec<String> {
        let file = self.folder.path().join("outside").join(name);
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
    }

    fn received(&self) -> Vec<String> {
        self.outside("rows")
    }

    fn jobs(&self) -> Vec<String> {
        self.outside("log")
    }

    /// A job is cancelled with its activity alone: a pause and a shutdown attach to it again.
    fn is_clean(&self, reason: CancelReason) -> bool {
        let is_cancelled = self.jobs() == ["submitted", "cancelled"];
        is_cancelled == (reason == CancelReason::Requested)
    }
}

#[test]
fn a_row_is_imported_once() {
    let check = ResumeCheck::of_method(Service::import, World::new, World::service, World::file);
    check.effects(World::rows).repeats_at_most(0).run();
}

#[test]
fn an_import_stops() {
    CancelCheck::of_method(Service::import, World::new, World::service, World::file).run();
}

#[test]
fn only_what_was_on_its_way_is_exported_again() {
    let check =
        ResumeCheck::of_method(Service::export, World::imported, World::service, World::file);
    check.effects(World::received).repeats_at_most(AT_ONCE as u64).saves_tried(12).run();
}

#[test]
fn an_export_stops() {
    let check =
        CancelCheck::of_method(Service::export, World::imported, World::service, World::file);
    check.under_way(AT_ONCE as u64).run();
}

#[test]
fn a_hash_is_the_same_however_often_it_was_begun() {
    let input = |world: &World| (world.file(), 5).into();
    ResumeCheck::of_method(Service::hash, World::new, |_| (), input).run();
}

#[test]
fn a_job_is_submitted_once() {
    let check = ResumeCheck::of_method(Service::poll, World::new, World::service, |_| 5);
    check.effects(World::jobs).repeats_at_most(0).run();
}

#[test]
fn a_job_is_cancelled_with_its_activity() {
    let check = CancelCheck::of_method(Service::poll, World::new, World::service, |_| 5);
    check.effects(World::jobs).cleaned_up(World::is_clean).run();
}
