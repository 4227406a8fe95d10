//! A file whose content is damaged.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use super::rig::Rig;
use crate::process::{Program, command, sqlite};

const PAGE: usize = 4096;

#[test]
fn a_server_refuses_a_damaged_file_and_names_it() {
    let mut rig = Rig::start();
    assert_eq!(rig.invite("before@example.test").0, 200);
    rig.stop();
    let file = File::options().read(true).write(true).open(rig.file()).unwrap();
    let pages = file.metadata().unwrap().len() / PAGE as u64;
    // Header and schema are on the first page; the others hold rows and indexes.
    let place = pages / 2 * PAGE as u64;
    let mut sound = vec![0; PAGE];
    file.read_exact_at(&mut sound, place).unwrap();
    file.write_all_at(&[0xff; PAGE], place).unwrap();
    let url = sqlite(&rig.file());
    for name in ["serve", "sandbox"] {
        let said = rig.beside(name);
        let mut command = command(&[name, "--listen", "127.0.0.1:0", "--database", &url]);
        command.stderr(File::create(&said).unwrap());
        let (status, _) = Program::start(command).ended();
        let error = fs::read_to_string(said).unwrap();
        assert_eq!(status.code(), Some(1), "{name}: {error}");
        for part in ["is damaged", "restore a backup", &rig.file().display().to_string()] {
            assert!(error.contains(part), "{name} does not say {part}: {error}");
        }
    }
    file.write_all_at(&sound, place).unwrap();
    rig.restart();
    assert_eq!([rig.ready(), rig.list()], [200, 200]);
}
