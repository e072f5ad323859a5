-- A held edition may be released only as long as every editor who sent it still is one.
alter table draft add column editors integer not null default 0; -- how many sent it: each has a row in draft_editor until removed
create table draft_editor (
    edition_id integer not null references draft on delete cascade,
    list_id integer not null,
    address_key text not null,
    primary key (edition_id, address_key),
    foreign key (list_id, address_key) references editor on delete cascade
) strict, without rowid;
create index draft_editor_by_editor on draft_editor (list_id, address_key);
-- Who sent what waits now: the mail with the link went to them, at the address that the list has of them. What was sent
-- by somebody who is no editor any more finds one editor too few.
update draft set editors = (
    select count(distinct notice.address) from notice
    where notice.kind = 'edition_held' and json_extract(notice.payload, '$.about.edition') = draft.edition_id
);
insert into draft_editor (edition_id, list_id, address_key)
select distinct draft.edition_id, editor.list_id, editor.address_key
from draft
join notice on notice.kind = 'edition_held' and json_extract(notice.payload, '$.about.edition') = draft.edition_id
join editor on editor.list_id = notice.list_id and editor.address = notice.address;
