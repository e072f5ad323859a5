-- name: put
-- Where old links and addresses of a list lead: arrays of the digest and the kind. A campaign may lead to several lists.
insert into redirect (digest, kind, list_id, subscription_id)
select distinct new.value ->> 0, new.value ->> 1, cast(:list_id as bigint),
    case new.value ->> 1 when 'campaign' then cast(:list_id as bigint) else 0 end
from {each places as new} where true
on conflict (digest, kind, subscription_id) do update set list_id = excluded.list_id;

-- name: put_people
-- The same for the personal links of subscribers: arrays of the digest and the key of the address. Links of people who
-- are not subscribed lead to the subscription `nobody`, which says so.
insert into redirect (digest, kind, list_id, subscription_id)
select distinct new.value ->> 0, 'person', cast(:list_id as bigint), coalesce(subscription.id, cast(:nobody as bigint))
from {each people as new}
left join subscriber on subscriber.address_key = new.value ->> 1
left join subscription on subscription.subscriber_id = subscriber.id and subscription.list_id = :list_id
where true
on conflict (digest, kind, subscription_id) do update set list_id = excluded.list_id;

-- name: find
-- Where these digests lead, an array of them: the kind and the list. Without those of people.
select redirect.digest, redirect.kind, redirect.list_id, list.name as list_name
from {each digests as wanted}
join redirect on redirect.digest = wanted.value ->> 0 and redirect.kind <> 'person'
left join list on list.id = redirect.list_id
order by wanted.key, redirect.list_id;

-- name: people
-- The subscriptions that a personal link stands for, with their subscriber while there is one.
select redirect.list_id, redirect.subscription_id, subscriber.id as subscriber_id, subscriber.epoch
from redirect
left join subscription on subscription.id = redirect.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where redirect.digest = :digest and redirect.kind = 'person'
order by redirect.subscription_id;
