-- name: insert
-- A new list; the schema has the defaults of its other columns.
insert into list (name, title, from_address, created_at) values (:name, :title, :from_address, :now) returning *;

-- name: find
-- One list by its name. Whoever decides by its settings finds them unchanged at the commit.
select * from list where name = :name {share};

-- name: hold
-- The same by its id.
select * from list where id = :id {share};

-- name: lock
-- A list that is about to be changed, closed or deleted.
select id from list where name = :name {lock};

-- name: lock_all
-- Lists from which a reader moves on.
select id from list where {+}id {in ids} order by id {lock};

-- name: get
-- One list by its id.
select * from list where id = :id;

-- name: all
-- Every list, by name.
select * from list order by name;

-- name: all_listed
-- The lists that the front page shows.
select * from list where listed = 1 and closed_at is null order by title, name;

-- name: of_family
-- The lists of a family.
select * from list where family = :family order by id;

-- name: update
-- Change the settings of a list, all at once, if nobody has closed or reopened it since it was read.
-- guards: list
update list set title = :title, description = :description, owner = :owner, reply_to = :reply_to,
    postal_address = :postal_address, language = :language, family = :family, archive = :archive, listed = :listed,
    front = :front, cadence = :cadence, ask_name = :ask_name, typeface = :typeface, layout = :layout, colour = :colour,
    footer = :footer, relay = :relay, hours = :hours, timezone = :timezone, post_by_mail = :post_by_mail,
    approval = :approval, leaving_note = :leaving_note, require_postal_address = :require_postal_address,
    from_address = :from_address, logo = :logo, closed_at = :closed_at
where id = :id and closed_at is not distinct from :was_closed_at;

-- name: delete
-- Delete a list and, by foreign keys, everything that belongs to it.
-- guards: list
delete from list where id = :id;

-- name: counts
-- How many subscriptions of a list are in each state.
select state, count(*) as number from subscription where list_id = :list_id group by state;

-- name: some_requests
-- Some of the unconfirmed requests of a list, and their people, who may go with them.
select subscription.id from subscription {indexed by subscription_by_list} cross join subscriber
where subscription.list_id = :list_id and subscription.state = 'pending' and subscriber.id = subscription.subscriber_id
order by subscription.id limit :limit {lock of subscriber, subscription};

-- name: end_requests
-- End unconfirmed requests: readers who had left before are unsubscribed again.
update subscription set state = 'unsubscribed', state_before = null, since = :now
where id {in ids} and state = 'pending' and state_before is not null returning id, list_id, subscriber_id;

-- name: delete_requests
-- Delete unconfirmed requests by people who were never members.
delete from subscription where id {in ids} and state = 'pending' returning id, list_id, subscriber_id;

-- name: delete_confirmations
-- End the links in the confirmation mails of these requests.
delete from confirmation where subscription_id {in ids};

-- name: closing
-- Closed lists with requests that are still to be ended.
select list.id from list
where list.closed_at is not null and exists (select 1 from subscription {indexed by subscription_by_list}
    where subscription.list_id = list.id and subscription.state = 'pending')
order by list.id;

-- name: put_logo
-- Store the logo of a list, replacing another.
insert into list_logo (list_id, name, media_type, content, width, height)
values (:list_id, :name, :media_type, :content, :width, :height)
on conflict (list_id) do update set name = :name, media_type = :media_type, content = :content, width = :width,
    height = :height;

-- name: remove_logo
-- Delete the logo of a list.
delete from list_logo where list_id = :list_id;

-- name: find_logo
-- The logo of a list.
select name, media_type, content, width, height from list_logo where list_id = :list_id;

-- name: find_logo_name
-- The file name of the logo of a list.
select name from list_logo where list_id = :list_id;
