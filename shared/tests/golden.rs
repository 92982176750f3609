//! The grants of each preset and edition, and the order of its creation, as files: a change of
//! power is a diff that a person can read.
//!
//! After a wanted change: `make bless`, and read the diff.

#[test]
fn every_preset_and_edition_is_as_its_files_say() {
    for (name, preset) in made::catalogue() {
        for (file, text) in made::golden::files(&name, &preset) {
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("golden");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(file, text));
        }
    }
}
