-- name: ready_copies
-- Copies of an edition whose turn it is: those that may go with all that their splice needs, one array for each, in one
-- text; and the ids of those that may not go any more.
select json_group_array(json_array(id, subscription_id, domain, destination, attempts, first_attempt_at, subscriber_id, address,
    name, attributes, epoch, round, text_only)) filter (where may_be_mailed) as allowed,
    json_group_array(id) filter (where not may_be_mailed) as barred
from (
    select delivery.id, delivery.subscription_id, delivery.domain, delivery.destination, delivery.attempts,
        delivery.first_attempt_at, recipient.subscriber_id, recipient.address, recipient.name,
        recipient.attributes, recipient.epoch, recipient.round, recipient.text_only, recipient.may_be_mailed
    from delivery {indexed by delivery_queue}
    cross join recipient
    where delivery.edition_id = :edition_id and delivery.state = :state and delivery.destination = :destination
        and delivery.due_at <= :now and recipient.subscription_id = delivery.subscription_id
    order by delivery.due_at, delivery.id limit :limit) as ready;

-- name: last_id
-- The highest id that was ever drawn.
select coalesce((select seq from sqlite_sequence where name = 'delivery'), 0);
