{{/* Values that the schema lets pass and that contradict each other. */}}
{{- define "brahe.check" -}}
{{- $pod := .Values.daemonset -}}
{{- $kube := default dict .Values.config.kube -}}
{{- $rolling := default dict $pod.updateStrategy.rollingUpdate -}}
{{- if not (has (toString (default 0 $rolling.maxSurge)) (list "0" "0%")) -}}
{{- fail "daemonset.updateStrategy.rollingUpdate.maxSurge: only one Brahe counts on a machine, so a new pod cannot start beside the old one; leave maxSurge out and use maxUnavailable" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled: each pod would be scraped twice; choose one" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.service.enabled) -}}
{{- fail "serviceMonitor.enabled: it finds pods by the Service; set service.enabled, or podMonitor.enabled in its place" -}}
{{- end -}}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") -}}
{{- fail "service.nodePort: a Service of type ClusterIP has none; set service.type" -}}
{{- end -}}
{{- if and .Values.service.externalTrafficPolicy (eq .Values.service.type "ClusterIP") -}}
{{- fail "service.externalTrafficPolicy: a Service of type ClusterIP has no traffic from outside; set service.type" -}}
{{- end -}}
{{- if $pod.securityContext.privileged -}}
{{- fail "daemonset.securityContext.privileged: set privileged: true, which leaves out what contradicts it" -}}
{{- end -}}
{{- if eq (toString $pod.hostUsers) "false" -}}
{{- fail "daemonset.hostUsers: in a user namespace the capabilities are not those of the host, and BPF is refused; leave it null or true" -}}
{{- end -}}
{{- range $name := list "livenessProbe" "readinessProbe" "startupProbe" -}}
{{- $path := (default dict (index $pod $name).httpGet).path -}}
{{- if and $path (hasPrefix "/metrics" $path) -}}
{{- fail (printf "daemonset.%s: a scrape is no probe, it makes figures for Prometheus; ask /healthz or /readyz" $name) -}}
{{- end -}}
{{- end -}}
{{- if $kube.nodeName -}}
{{- fail "config.kube.nodeName: all nodes would have one name; leave it out, each pod gets its own node's" -}}
{{- end -}}
{{- if and (hasKey $kube "enabled") (ne $kube.enabled (ne .Values.podSource "none")) -}}
{{- fail (printf "config.kube.enabled: %v contradicts podSource: %s; leave it out and set podSource to apiserver, kubelet or none" $kube.enabled .Values.podSource) -}}
{{- end -}}
{{- $mode := (default dict $kube.podInformer).mode -}}
{{- if and $mode (ne $mode .Values.podSource) -}}
{{- fail (printf "config.kube.podInformer.mode: %s contradicts podSource: %s, which also decides the rights; leave it out and set podSource" $mode .Values.podSource) -}}
{{- end -}}
{{- $prometheus := default dict (default dict .Values.config.exporter).prometheus -}}
{{- if eq (toString $prometheus.enabled) "false" -}}
{{- fail "config.exporter.prometheus.enabled: without it nothing answers the probes; leave it out" -}}
{{- end -}}
{{- include "brahe.checkWeb" . -}}
{{- end -}}

{{- define "brahe.checkWeb" -}}
{{- $tls := .Values.tls -}}
{{- $web := .Values.webConfig -}}
{{- $server := default dict $web.content.tls_server_config -}}
{{- $file := (default dict .Values.config.web).configFile -}}
{{- if and $file (include "brahe.hasWebConfig" .) -}}
{{- fail "config.web.configFile: the chart sets it for webConfig and tls; leave it out" -}}
{{- end -}}
{{- if and $web.existingSecret (or $web.content $tls.existingSecret) -}}
{{- fail "webConfig.existingSecret: it has the whole file; leave webConfig.content and tls.existingSecret out, and name the certificate in its web.yaml" -}}
{{- end -}}
{{- if and $tls.enabled (not (or $tls.existingSecret $web.existingSecret $server $file)) -}}
{{- fail "tls.enabled: no certificate; name a Secret with one as tls.existingSecret, or give webConfig.existingSecret or webConfig.content.tls_server_config" -}}
{{- end -}}
{{- if and (not $tls.enabled) (or $tls.existingSecret $server) -}}
{{- fail "tls.enabled: there is a certificate, but probes and monitors would speak HTTP; set it" -}}
{{- end -}}
{{- if has (toString $server.client_auth_type) (list "RequireAnyClientCert" "RequireClientCert" "RequireAndVerifyClientCert") -}}
{{- range $name := list "livenessProbe" "readinessProbe" "startupProbe" -}}
{{- if (index $.Values.daemonset $name).httpGet -}}
{{- fail (printf "webConfig.content.tls_server_config.client_auth_type: the kubelet has no client certificate for its probes; set daemonset.%s to {httpGet: null, tcpSocket: {port: http}}" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* An AppArmor profile as clusters before 1.30 have it. */}}
{{- define "brahe.appArmorAnnotation" -}}
{{- if eq .type "Localhost" -}}
localhost/{{ .localhostProfile }}
{{- else -}}
{{- eq .type "RuntimeDefault" | ternary "runtime/default" "unconfined" -}}
{{- end -}}
{{- end -}}
