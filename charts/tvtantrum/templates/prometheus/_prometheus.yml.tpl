{{- define "tvtantrum.prometheusYml" -}}
global:
  scrape_interval: 5s
  evaluation_interval: 15s
rule_files: [/etc/prometheus/alerts.yaml]
scrape_configs:
  # The Services are headless, so DNS lists the pods that are ready: no rights at the API server are needed.
  {{- range $part, $port := dict "catalog" 9101 "search" 9102 "gateway" 9100 }}
  - job_name: {{ $part }}
    dns_sd_configs:
      - names: [{{ include "tvtantrum.host" (list $ $part) }}]
        type: A
        port: {{ $port }}
        refresh_interval: 5s
  {{- end }}
{{ end }}
