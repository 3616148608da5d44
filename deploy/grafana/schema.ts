// What a dashboard of Brahe's may be: Grafana's own types, and of each kind of panel its options, with nothing beside them.
import type { DataQuery, Dashboard, DataTransformerConfig, FieldConfig, Panel, RowPanel, TableOptions, TableFieldOptions } from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as GraphFieldConfig, Options as GraphOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has the values of enums.
type Plain<T> =
  T extends string ? (string extends T ? string : `${T}`)
  : T extends number | boolean | null | undefined ? T
  : T extends Array<infer Item> ? Plain<Item>[]
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> }
  : T;

interface PrometheusQuery extends DataQuery {
  expr: string;
  editorMode: 'code' | 'builder';
  format: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  legendFormat: string;
  range?: boolean;
}

type Of<Type extends string, Options, Custom> = Required<Pick<Panel, 'description' | 'gridPos' | 'id' | 'title'>> &
  Omit<Panel, 'fieldConfig' | 'options' | 'targets' | 'type'> & {
    type: Type;
    options: Options;
    targets: PrometheusQuery[];
    transformations?: DataTransformerConfig[];
    fieldConfig: {
      defaults: Omit<FieldConfig, 'custom'> & { custom?: Custom };
      overrides: { matcher: { id: 'byName'; options: string }; properties: { id: 'unit' | 'links'; value: unknown }[] }[];
    };
  };

type AnyPanel = RowPanel | Of<'stat', StatOptions, never> | Of<'timeseries', GraphOptions, GraphFieldConfig> | Of<'table', TableOptions, TableFieldOptions>;

export type BraheDashboard = Plain<
  Required<Pick<Dashboard, 'description' | 'title' | 'uid'>> & Omit<Dashboard, 'panels'> & { panels: AnyPanel[] }
>;
