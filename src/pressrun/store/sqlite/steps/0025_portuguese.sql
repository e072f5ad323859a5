-- Portuguese is written in two ways now, and `pt` alone means that of Portugal: what was Brazilian before stays so, by
-- the clock of a list or the address it sends from.
update list set language = 'pt-BR'
where lower(language) = 'pt' and family is null and (
    timezone like 'Brazil/%'
    or timezone in (
        'America/Araguaina', 'America/Bahia', 'America/Belem', 'America/Boa_Vista', 'America/Campo_Grande',
        'America/Cuiaba', 'America/Eirunepe', 'America/Fortaleza', 'America/Maceio', 'America/Manaus', 'America/Noronha',
        'America/Porto_Acre', 'America/Porto_Velho', 'America/Recife', 'America/Rio_Branco', 'America/Santarem',
        'America/Sao_Paulo'
    )
    or lower(from_address) like '%.br' or lower(from_address) like '%.br>'
);
-- Readers chose from a menu in which there was one Portuguese: theirs is that of a list that they know.
update subscriber set language = case
    when exists (
        select 1 from subscription join list on list.id = subscription.list_id
        where subscription.subscriber_id = subscriber.id and lower(list.language) = 'pt-br'
    ) then 'pt-BR' else 'pt-PT' end
where lower(language) = 'pt';
