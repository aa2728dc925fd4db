{#- Every value present lies within its bounds, column by column; NaN never does. A bound that is null is none. -#}
{% test within_bounds(model, bounds) %}
{%- for column, limits in bounds.items() %}
select instrument, frequency, event_at, '{{ column }}' as column_name, {{ column }}::double as found
from {{ model }}
where isnan({{ column }}::double)
  {%- if limits[0] is not none %} or {{ column }} < {{ limits[0] }}{% endif %}
  {%- if limits[1] is not none %} or {{ column }} > {{ limits[1] }}{% endif %}
{{ "union all" if not loop.last }}
{%- endfor %}
{% endtest %}
