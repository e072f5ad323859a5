-- A corrected mail of an editor replaces the draft that they mailed before under the same subject.
alter table draft add column written_at integer not null default 0; -- when the editor wrote it: its Date, at the latest its arrival
alter table draft add column mail_id integer not null default 0; -- the mail that it came by, which settles the order within one second
alter table draft add column is_proven integer not null default 0 check (is_proven in (0, 1)); -- a trusted server found From to be genuine
alter table draft add column replaced_by integer references edition on delete set null; -- the newer draft of the same editor; null: it is the newest
update draft set written_at = (select created_at from edition where edition.id = draft.edition_id);
create index draft_by_replacement on draft (replaced_by) where replaced_by is not null;
