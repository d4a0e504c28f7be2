//! A small service's schema: shelves, and boxes that stand on them.

use backorder_storage::{
    create_lost_race,
    schema::{Columns, change_shared_tables_to_v2, create_shared_tables_v1},
};
use sea_orm::{
    entity::prelude::*,
    sea_query::{ForeignKey, Index, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

pub mod boxes {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "box")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub shelf: String,
        pub quantity: i64,
        pub note: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(DeriveIden)]
enum Shelf {
    Table,
    Id,
    Code,
}

#[derive(DeriveIden)]
enum Boxes {
    #[sea_orm(iden = "box")]
    Table,
    Id,
    Shelf,
    Quantity,
    Note,
}

pub struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_shared_tables_v1(manager).await?;
        change_shared_tables_to_v2(manager).await?;
        let columns = Columns::of(manager);
        let mut shelf = Table::create();
        shelf
            .table(Shelf::Table)
            .col(columns.id_text(Shelf::Id))
            .col(columns.id_text(Shelf::Code))
            .primary_key(Index::create().name("pk_shelf").col(Shelf::Id))
            .index(Index::create().unique().name("uq_shelf_code").col(Shelf::Code));
        manager.create_table(columns.clustered(&mut shelf).take()).await?;
        let foreign_key = ForeignKey::create()
            .name("fk_box_shelf")
            .from(Boxes::Table, Boxes::Shelf)
            .to(Shelf::Table, Shelf::Id)
            .take();
        let table = Table::create()
            .table(Boxes::Table)
            .col(columns.id_text(Boxes::Id))
            .col(columns.id_text(Boxes::Shelf))
            .col(columns.quantity(Boxes::Quantity, "ck_box_quantity"))
            .col(columns.text(Boxes::Note).null())
            .primary_key(Index::create().name("pk_box").col(Boxes::Id))
            .foreign_key(&mut foreign_key.clone())
            .take();
        manager.create_table(table).await?;
        let text = "INSERT INTO shelf (id, code) VALUES ('a', 'A'), ('b', 'B')";
        manager.get_connection().execute_unprepared(text).await.map(drop)
    }
}

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Initial)]
    }
}

/// A program that is one migration ahead of [`Migrator`].
pub struct NewerMigrator;

pub struct Second;

impl MigrationName for Second {
    fn name(&self) -> &str {
        "m0002_labels"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Second {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE label (id BIGINT NOT NULL)").await.map(drop)
    }
}

#[async_trait::async_trait]
impl MigratorTrait for NewerMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Initial), Box::new(Second)]
    }
}

/// A program from before requests had one short key, and the one after it.
pub struct V1Migrator;
pub struct V2Migrator;

pub struct V1;
pub struct V2;

impl MigrationName for V1 {
    fn name(&self) -> &str {
        "m0001_shared_v1"
    }
}

impl MigrationName for V2 {
    fn name(&self) -> &str {
        "m0002_shared_v2"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V1 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_shared_tables_v1(manager).await
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V2 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change_shared_tables_to_v2(manager).await
    }
}

#[async_trait::async_trait]
impl MigratorTrait for V1Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(V1)]
    }
}

#[async_trait::async_trait]
impl MigratorTrait for V2Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(V1), Box::new(V2)]
    }
}

/// A program that writes at once, and numbers rows.
pub struct AtOnceMigrator;

pub struct Numbers;

impl MigrationName for Numbers {
    fn name(&self) -> &str {
        "m0002_numbers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Numbers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_lost_race(manager).await?;
        let mut table = Table::create();
        manager.create_table(table.table("numbered").col(Columns::of(manager).row_id("id")).take()).await
    }
}

#[async_trait::async_trait]
impl MigratorTrait for AtOnceMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Initial), Box::new(Numbers)]
    }
}

/// A program whose second migration makes a table and then fails.
pub struct BrokenMigrator;

pub struct Broken;

impl MigrationName for Broken {
    fn name(&self) -> &str {
        "m0002_broken"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Broken {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE half_done (id BIGINT NOT NULL)").await?;
        manager.get_connection().execute_unprepared("CREATE TABLE shelf (id BIGINT NOT NULL)").await.map(drop)
    }
}

#[async_trait::async_trait]
impl MigratorTrait for BrokenMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Initial), Box::new(Broken)]
    }
}
