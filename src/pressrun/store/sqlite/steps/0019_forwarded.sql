-- Mail that was passed on is looked up for what it takes of the disk.
create index notice_forwarded on notice (id) where kind = 'forward' and content is not null;
