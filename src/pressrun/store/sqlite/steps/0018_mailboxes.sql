create table new_subscriber (
    id integer primary key autoincrement,
    address text not null,
    address_key text not null unique,
    domain text not null,
    suppression_digest blob not null,
    mailbox_digest blob,
    name text not null default '',
    language text not null default '',
    attributes text not null default '{}',
    epoch integer not null default 0,
    created_at integer not null,
    text_only integer not null default 0 check (text_only in (0, 1))
) strict;
-- An id is never used twice, so the new table goes on from where the old one is.
insert into sqlite_sequence (name, seq) select 'new_subscriber', seq from sqlite_sequence where name = 'subscriber';
insert into new_subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language,
    attributes, epoch, created_at, text_only)
select id, address, address_key, domain, suppression_digest,
    nullif(pressrun_mailbox_digest(address, domain), suppression_digest), name, language,
    attributes, epoch, created_at, text_only
from subscriber order by id;
drop table subscriber;
alter table new_subscriber rename to subscriber;
create index subscriber_by_digest on subscriber (suppression_digest);
create index subscriber_by_mailbox on subscriber (mailbox_digest) where mailbox_digest is not null;

-- "Never again" is the word of a mailbox, under whichever of its spellings it was written down.
insert into suppression (digest, address, reason, since)
select pressrun_mailbox_digest(address, null), address, reason, since from suppression
where reason = 'never-again' and address is not null
on conflict (digest) do update set reason = excluded.reason, since = excluded.since;

create view recipient as
select subscription.id as subscription_id, subscription.list_id, subscription.state, subscription.round,
    subscriber.id as subscriber_id, subscriber.address, subscriber.domain, subscriber.name, subscriber.language,
    subscriber.attributes, subscriber.epoch, subscriber.text_only,
    own.digest is not null or mailbox.digest is not null as is_suppressed,
    subscription.state = 'active' and own.digest is null and mailbox.digest is null as may_be_mailed
from subscription
cross join subscriber
left join suppression as own on own.digest = subscriber.suppression_digest
left join suppression as mailbox on mailbox.digest = subscriber.mailbox_digest and mailbox.reason = 'never-again'
where subscriber.id = subscription.subscriber_id;
