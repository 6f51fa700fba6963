"""The report's page, in the order in which a decision is read.

A Jinja template: all that is put in is escaped, but for figures, which are our own.
"""

PAGE = """\
{%- macro table(rows, header, caption, numbers=(), chosen=-1) %}
<div class="scroll" tabindex="0" role="region" aria-label="{{ caption }}"><table>
<caption>{{ caption }}</caption>
<thead><tr>{% for cell in header %}
<th scope="col"{% if loop.index0 in numbers %} class="number"{% endif %}>{{ cell }}</th>
{%- endfor %}</tr></thead>
<tbody>{% for row in rows %}
<tr{% if loop.index0 == chosen %} class="chosen"{% endif %}>{% for cell in row %}
{%- if loop.first %}<th scope="row" class="text">{{ cell }}</th>
{%- else %}<td{% if loop.index0 in numbers %} class="number"{% endif %}>{{ cell }}</td>
{%- endif %}{% endfor %}</tr>{% endfor %}
</tbody></table></div>
{%- endmacro %}
{%- macro paragraphs(lines) %}{% for line in lines %}
<p>{{ line }}</p>{% endfor %}{% endmacro %}
{%- macro bullets(lines) %}
<ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>{% endmacro %}
{%- macro head(number) %}
<h2 id="s{{ number }}"><span class="number">{{ number }}</span>
{{- sections[number - 1] }}</h2>{% endmacro -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Which language model for {{ data }}?</title>
<style>{{ style }}</style>
</head>
<body>
<a class="skip" href="#main">To the answer</a>
<header>
<p>chapter2 choose · {{ date }}</p>
<h1>Which language model for {{ data }}?</h1>
<p>{{ sizes }}</p>
</header>
<main id="main">
<section class="answer{{ '' if meets else ' unmet' }}" aria-labelledby="answer">
<h2 id="answer">{{ heading }}</h2>
<p class="headline">{{ headline }}</p>

<p>{{ answer | join(" ") }}</p>
<dl class="tiles">{% for name, value, note in tiles %}
<div><dt>{{ name }}</dt><dd>{{ value }}<small>{{ note }}</small></dd></div>{% endfor %}
</dl>
<p class="note">{{ fitted }}</p>
</section>
<nav aria-label="Contents"><ol>{% for name in sections %}
<li><a href="#s{{ loop.index }}">{{ name }}</a></li>{% endfor %}</ol></nav>

{{ head(1) }}
{% if limits %}{{ table(limits, ("limit", "asked for", "recommended model", "kept?"),
  "Qualities are those out of fold, costs those of its model in a fresh process.",
  (1, 2)) }}
{%- else %}<p>None was stated; {{ chosen_by }}.</p>{% endif %}
{{- paragraphs(other_limits) }}

{{ head(2) }}
{{ figures.contenders | safe }}
{{ table(contenders, contender_header, "The contenders, the highest score first.",
  numbers, chosen) }}
{{- paragraphs(comparison) }}
{%- if broken %}
<h3>Limits that are broken</h3>{{ bullets(broken) }}{% endif %}
{%- if late %}
<h3>What was measured and could not be made ready</h3>{{ bullets(late) }}{% endif %}

{{ head(3) }}
{{ figures.front | safe }}

{{ head(4) }}
{% if figures.curves %}{{ figures.curves | safe }}{% endif %}
{%- if more_data %}{{ bullets(more_data) }}
{%- else %}<p>{{ no_curve }}</p>{% endif %}

{{ head(5) }}
{{ table(facts, ("fact", "found"), "What the records are like.") }}
{%- for f in findings %}
<div class="finding {{ f.severity }}"><p><b>{{ f.kind }}.</b> {{ f.found }}</p>
<p>{{ f.advice }}</p>
{%- if f.examples %}{{ bullets(f.examples) }}{% endif %}</div>
{%- else %}<p>Nothing that needs attention was found.</p>{% endfor %}
{% for figure in figures.profile %}{{ figure | safe }}{% endfor %}

{{ head(6) }}
{{ figures.confusion | safe }}
{% if figures.calibration %}{{ figures.calibration | safe }}{% endif %}
{% if errors %}<h3>Its most confident errors</h3>
{{ table(errors, ("text", "true", "predicted", "probability"), wrong, (3,)) }}
{%- else %}<p>{{ wrong }}</p>{% endif %}

{{ head(7) }}
<p>{{ time_used }}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Time by phase"><table>
<caption>What the budget was used for.</caption>
<thead><tr><th scope="col">phase</th><th scope="col" class="number">time</th>
<th scope="col">share of the budget</th></tr></thead>
<tbody>{% for name, seconds, width in phases %}
<tr><th scope="row">{{ name }}</th><td class="number">{{ seconds }}</td>
<td class="bar"><span style="width:{{ width }}%"></span></td></tr>{% endfor %}
</tbody></table></div>
<details><summary>Each trial: forecast and use</summary>
{{ table(trials, ("candidate", "fold", "records", "forecast", "used", "score, %"),
  "Every trial, in the order in which they ended.", (1, 2, 3, 4, 5)) }}</details>

{{ head(8) }}
{% if not_tried %}{{ table(not_tried, ("candidate", "why"),
  "Candidates without a score of their own.") }}
{%- else %}<p>Every candidate was measured.</p>{% endif %}
{%- if more_time %}
<h3>What more time would buy</h3>{{ bullets(more_time) }}{% endif %}

{{ head(9) }}
<p>In the folder of this report, here or on another machine,
{{ 'over the network' if remote else 'without a network' }}:</p>
<pre tabindex="0"><code>{{ commands }}</code></pre>

{{ head(10) }}
{{ table(repeat, ("what", "which"),
  "The same records, seed, versions and time on a like machine give the same trials.")
}}
{%- if notices %}
<h3>Decided without being told</h3>{{ bullets(notices) }}{% endif %}
</main>
<footer>Made by chapter2 {{ version }}. Intervals are 95 % bootstrap intervals over
{{ drawn }}; they say nothing about other seeds. Nothing in this page is loaded from
elsewhere. It quotes texts of the test part: pass it on as you would these. The folder
trials beside it holds all your texts and may be deleted.</footer>
</body>
</html>
"""
SECTIONS = (
    "Limits",
    "What was measured",
    "Quality and cost",
    "More labelled records",
    "Your data",
    "Where it errs",
    "Time",
    "What was not measured",
    "How to use it",
    "To repeat this",
)
