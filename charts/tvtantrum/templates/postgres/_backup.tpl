{{/* The pod of a backup or a restore. Takes (list $ "argument"…), those of tantrum-postgres. */}}
{{- define "tvtantrum.backupPod" -}}
{{- $root := index . 0 -}}
metadata:
  labels: {{- include "tvtantrum.selector" (list $root "backup") | nindent 4 }}
spec:
  {{- include "tvtantrum.pod" (list $root "background") | nindent 2 }}
  restartPolicy: Never
  containers:
    - name: postgres
      {{- include "tvtantrum.image" (list $root "postgres") | nindent 6 }}
      {{- include "tvtantrum.container" $root | nindent 6 }}
      args: {{- rest . | toYaml | nindent 8 }}
      env:
        - { name: PGHOST, value: {{ include "tvtantrum.postgresHost" $root }} }
        - { name: TANTRUM_PASSWORD_FILE, value: /run/secrets/tantrum/database-password }
        - { name: S3_ENDPOINT, value: {{ $root.Values.objectStore.endpoint | quote }} }
        - { name: S3_BUCKET, value: {{ $root.Values.objectStore.bucket | quote }} }
        - { name: S3_REGION, value: {{ $root.Values.objectStore.region | quote }} }
        - { name: S3_PREFIX, value: "{{ $root.Release.Name }}/" }
        - { name: S3_ACCESS_KEY_FILE, value: /run/secrets/object-store/access-key-id }
        - { name: S3_SECRET_KEY_FILE, value: /run/secrets/object-store/secret-access-key }
        {{- if has "restore" . }}
        # Who makes a Job of this says which.
        - { name: BACKUP_KEY, value: "" }
        {{- end }}
      resources:
        requests: { cpu: 50m, memory: 64Mi }
        limits: { memory: 256Mi }
      volumeMounts:
        - { name: password, mountPath: /run/secrets/tantrum, readOnly: true }
        - { name: object-store, mountPath: /run/secrets/object-store, readOnly: true }
        # The dump is here until it is uploaded.
        - { name: tmp, mountPath: /tmp }
  volumes:
    - name: password
      secret:
        secretName: {{ include "tvtantrum.secretName" $root }}
        defaultMode: 0440
        items: [{ key: database-password, path: database-password }]
    - name: object-store
      secret:
        secretName: {{ $root.Values.objectStore.existingSecret | quote }}
        defaultMode: 0440
    - name: tmp
      emptyDir: { sizeLimit: {{ $root.Values.postgres.embedded.storageSize }} }
{{- end }}
