-- Lists of one family are one newsletter in several languages, and their editions of one issue belong together.
alter table list add column family text;
create unique index list_by_family on list (family, lower(language)) where family is not null;
alter table edition add column issue text;
create index edition_by_issue on edition (issue, list_id) where issue is not null;
