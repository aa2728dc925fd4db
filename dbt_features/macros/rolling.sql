{#- Rolling sums of DuckDB (sum, avg, stddev over a window) come from a segment tree whose cuts depend on where a series
    happens to lie among the others: dropping another instrument, or a future row, changes the last bits. Features must not
    move at all then, so sums are spelled out over lagged columns: the same additions in the same order, whatever else is
    in the table. A lag outside the series is null and makes the sum null: a value appears once its lookback is full. -#}

{#- Bars that carry a price are numbered apart from those that do not, so no window ever counts an unusable bar. -#}
{% macro usable_bars() -%}
  (partition by instrument, frequency, is_usable order by event_at)
{%- endmacro %}

{#- `column` of the 1 .. n_back bars before, as column_1 .. column_n. Needs a window `bars` over `usable_bars()`. -#}
{% macro lagged(column, n_back) -%}
  {%- for i in range(1, n_back + 1) %}
  lag({{ column }}, {{ i }}) over bars as {{ column }}_{{ i }}{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{% macro _name(column, i) -%}
  {{ column }}{{ "_" ~ i if i else "" }}
{%- endmacro %}

{#- Sum over bars first .. last back (0 is the current one) of columns made by `lagged`. -#}
{% macro rolling_sum(column, last, first=0) -%}
  ({% for i in range(first, last + 1) %}{{ _name(column, i) }}{{ " + " if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Sum of squared deviations from `centre` over the current bar and `last` bars before it. -#}
{% macro rolling_squares(column, centre, last) -%}
  ({% for i in range(0, last + 1) -%}
    ({{ _name(column, i) }} - {{ centre }}) * ({{ _name(column, i) }} - {{ centre }}){{ " + " if not loop.last }}
  {%- endfor %})
{%- endmacro %}

{#- Exponentially decayed sums, exact: y[t] = x[t] + decay * y[t-1] from the start of the series.

    Doubling scan: after step s a row holds the sum over its last 2^(s+1) bars, so that a series of n bars needs log2(n)
    passes instead of a recursion over n. Nothing overflows (the usual division by decay^t does after some 9,500 bars); the
    scan ends where decay^(2^s) is zero in double precision, since no older bar can count. `relation` must hold instrument,
    frequency, event_at, is_usable and `columns`, free of nulls; the result is those and nothing else. -#}
{% macro decayed_sums(relation, columns, decay) -%}
  {%- for s in range(0, 24) if decay ** (2 ** s) > 0 %}
  {%- if loop.first %}with {% endif %}scan_{{ s }} as (
    select
      instrument, frequency, event_at, is_usable,
      {%- for column in columns %}
      {{ column }} + {{ "%.17e" | format(decay ** (2 ** s)) }} * coalesce(lag({{ column }}, {{ 2 ** s }}) over bars, 0) as {{ column }}
      {{- "," if not loop.last }}
      {%- endfor %}
    from {{ relation if loop.first else "scan_" ~ (s - 1) }}
    window bars as {{ usable_bars() }}
  ){{ "," if not loop.last }}
  {%- if loop.last %}
  select * from scan_{{ s }}
  {%- endif %}
  {%- endfor %}
{%- endmacro %}
