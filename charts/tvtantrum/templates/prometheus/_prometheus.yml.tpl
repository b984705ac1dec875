{{- define "tvtantrum.prometheusYml" -}}
global:
  scrape_interval: 5s
  evaluation_interval: 15s
rule_files: [/etc/prometheus/alerts.yaml]
scrape_configs:
  # The Services are headless, so DNS lists their pods: no rights at the API server are needed.
  {{- range $part, $where := include "tvtantrum.scraped" . | fromYaml }}
  - job_name: {{ $part }}
    scrape_interval: {{ index $where 2 }}s
    dns_sd_configs:
      - names: [{{ include "tvtantrum.host" (list $ (index $where 0)) }}]
        type: A
        port: {{ index $where 1 }}
        refresh_interval: 5s
    relabel_configs:
      # Tells engines of this product from others that one Prometheus reads.
      - { target_label: product, replacement: tvtantrum }
  {{- end }}
{{ end }}
