(* An expectation operator, abstractly: a class of integrable real functions,
   closed under linear combinations and positive parts, with a linear monotone
   functional on it.  Every probability measure gives one
   (probability_measure.v: probability_expectation).

     Expectation Om   the operators on a sample space Om: a record of
     Int E X          X is integrable,
     Ex E X           its expectation,
                      and of the rules Int_ext, ..., Ex_mono that they obey *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds.foundation Require Import finite_sums.
Local Open Scope R_scope.

Record Expectation (Om : Type) := {
  Int  : (Om -> R) -> Prop;
  Ex   : (Om -> R) -> R;
  Int_ext : forall X Y, (forall o, X o = Y o) -> Int X -> Int Y;
  Int_const : forall c, Int (fun _ => c);
  Int_lin : forall a b X Y, Int X -> Int Y -> Int (fun o => a * X o + b * Y o);
  Int_pos : forall X, Int X -> Int (fun o => Rmax (X o) 0);
  Ex_const : forall c, Ex (fun _ => c) = c;
  Ex_lin  : forall a b X Y, Int X -> Int Y ->
              Ex (fun o => a * X o + b * Y o) = a * Ex X + b * Ex Y;
  Ex_mono : forall X Y, Int X -> Int Y -> (forall o, X o <= Y o) -> Ex X <= Ex Y
}.
Arguments Int {Om}. Arguments Ex {Om}.
Arguments Int_ext {Om} e {X Y}. Arguments Int_const {Om}. Arguments Int_lin {Om} e a b {X Y}.
Arguments Int_pos {Om} e {X}.
Arguments Ex_const {Om}. Arguments Ex_lin {Om} e a b {X Y}. Arguments Ex_mono {Om} e {X Y}.

Section Consequences.
Context {Om : Type} (E : Expectation Om).

Lemma Ex_ext X Y : (forall o, X o = Y o) -> Int E X -> Ex E X = Ex E Y.
Proof.
  intros H HX. assert (HY := Int_ext E H HX).
  apply Rle_antisym; apply Ex_mono; auto; intros o; rewrite H; lra.
Qed.

Lemma Ex_ge0 X : Int E X -> (forall o, 0 <= X o) -> 0 <= Ex E X.
Proof. intros I H. rewrite <- (Ex_const E 0). apply Ex_mono; auto. apply Int_const. Qed.

Lemma Int_rsum n (X : nat -> Om -> R) :
  (forall i, (i < n)%nat -> Int E (X i)) -> Int E (fun o => rsum n (fun i => X i o)).
Proof.
  induction n as [|n IH]; intros H; simpl; [apply Int_const|].
  eapply Int_ext; [|apply (Int_lin E 1 1 (IH (fun i Hi => H i (Nat.lt_lt_succ_r _ _ Hi))) (H n (Nat.lt_succ_diag_r n)))].
  intros o; simpl; ring.
Qed.

Lemma Ex_rsum n (X : nat -> Om -> R) :
  (forall i, (i < n)%nat -> Int E (X i)) ->
  Ex E (fun o => rsum n (fun i => X i o)) = rsum n (fun i => Ex E (X i)).
Proof.
  induction n as [|n IH]; intros H; simpl; [apply Ex_const|].
  assert (Hs : Int E (fun o => rsum n (fun i => X i o))) by (apply Int_rsum; auto).
  rewrite <- IH by auto.
  rewrite <- (Ex_ext (fun o => 1 * rsum n (fun i => X i o) + 1 * X n o)).
  - rewrite Ex_lin; auto; ring.
  - intros o; ring.
  - apply Int_lin; auto.
Qed.

Lemma Int_scal c X : Int E X -> Int E (fun o => c * X o).
Proof. intros H. eapply Int_ext; [|apply (Int_lin E c 0 H H)]. intros; simpl; ring. Qed.

Lemma Ex_scal c X : Int E X -> Ex E (fun o => c * X o) = c * Ex E X.
Proof.
  intros H. rewrite <- (Ex_ext (fun o => c * X o + 0 * X o)).
  - rewrite Ex_lin; auto; ring.
  - intros; ring.
  - apply Int_lin; auto.
Qed.

Lemma Int_plus X Y : Int E X -> Int E Y -> Int E (fun o => X o + Y o).
Proof. intros HX HY. eapply Int_ext; [|apply (Int_lin E 1 1 HX HY)]. intros; simpl; ring. Qed.

Lemma Ex_plus X Y : Int E X -> Int E Y -> Ex E (fun o => X o + Y o) = Ex E X + Ex E Y.
Proof.
  intros HX HY. rewrite <- (Ex_ext (fun o => 1 * X o + 1 * Y o)).
  - rewrite Ex_lin; auto; ring.
  - intros; ring.
  - apply Int_lin; auto.
Qed.

(* Negative part: an integrable function is a difference of two non-negative ones. *)
Lemma Int_neg X : Int E X -> Int E (fun o => Rmax (X o) 0 - X o).
Proof.
  intros H. eapply Int_ext; [|apply (Int_lin E 1 (-1) (Int_pos E H) H)].
  intros; simpl; ring.
Qed.

(* Cauchy-Schwarz: (E XY)^2 <= E X^2 E Y^2. *)
Lemma Ex_cauchy_schwarz X Y : Int E (fun o => X o ^2) -> Int E (fun o => Y o ^2) ->
  Int E (fun o => X o * Y o) ->
  (Ex E (fun o => X o * Y o))^2 <= Ex E (fun o => X o ^2) * Ex E (fun o => Y o ^2).
Proof.
  intros IX IY IXY.
  set (a := Ex E (fun o => X o ^2)). set (b := Ex E (fun o => Y o ^2)).
  set (c := Ex E (fun o => X o * Y o)).
  assert (Ha : 0 <= a) by (apply Ex_ge0; auto; intros; apply pow2_ge_0).
  assert (Hb : 0 <= b) by (apply Ex_ge0; auto; intros; apply pow2_ge_0).
  (* E (u X + v Y)^2 >= 0 for all u, v *)
  assert (Q : forall u v, 0 <= u^2 * a + 2 * u * v * c + v^2 * b).
  { intros u v.
    assert (J : Int E (fun o => u^2 * X o ^2 + 2 * u * v * (X o * Y o))) by now apply Int_lin.
    assert (H : Ex E (fun o => 1 * (u^2 * X o ^2 + 2 * u * v * (X o * Y o)) + v^2 * Y o ^2)
      = u^2 * a + 2 * u * v * c + v^2 * b).
    { rewrite (Ex_lin E 1 (v^2) J IY), (Ex_lin E (u^2) (2 * u * v) IX IXY).
      unfold a, b, c; ring. }
    rewrite <- H. apply Ex_ge0; [now apply Int_lin|].
    intros o. replace (1 * (u ^ 2 * X o ^ 2 + 2 * u * v * (X o * Y o)) + v ^ 2 * Y o ^ 2)
      with ((u * X o + v * Y o)^2) by ring. apply pow2_ge_0. }
  destruct Hb as [Hb|Hb].
  - pose proof (Q b (- c)) as H. apply Rmult_le_reg_l with b; auto. nra.
  - pose proof (Q (- c) (a + 1)) as H. rewrite <- Hb in *. 
    assert (c^2 * (a + 2) <= 0) by nra. nra.
Qed.
End Consequences.
