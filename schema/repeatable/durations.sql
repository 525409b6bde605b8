-- revision 1
-- What views compute of durations. See schema/README.md.

-- The duration in nanoseconds within which a share (0 to 1) of what rollups count ended, to within 2.17 %; null when no
-- duration is known. histograms is a list of {"i": bucket_indexes, "n": bucket_counts}, zero_count the durations of 0.
create or replace function sidelight.duration_quantile(
  share double precision, zero_count double precision, min_ns bigint, max_ns bigint, histograms jsonb
) returns double precision language sql immutable parallel safe as $$
  with bucket as (
    select i.value::integer as index, sum(n.value::double precision) as count
    from jsonb_array_elements(histograms) as part,
      jsonb_array_elements_text(part -> 'i') with ordinality as i (value, position)
      join jsonb_array_elements_text(part -> 'n') with ordinality as n (value, position) using (position)
    group by 1
  ),
  counted as (
    select index, zero_count + sum(count) over (order by index) as passed from bucket
  ),
  wanted as (
    select share * (zero_count + coalesce((select sum(count) from bucket), 0)) as rank
  )
  select case
    when max_ns is null then null
    when zero_count > 0 and rank <= zero_count then 0
    else coalesce((
      -- The harmonic middle of the bucket: as far from its one end as from the other, in proportion.
      select least(max_ns, greatest(min_ns, power(2, index / 16.0) * 2 * power(2, 1 / 16.0) / (1 + power(2, 1 / 16.0))))
      from counted where passed >= rank order by index limit 1
    ), max_ns)
  end
  from wanted
$$;
