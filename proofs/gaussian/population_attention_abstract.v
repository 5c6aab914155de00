(* Theorem T1 (gaussian-linearity) for an abstract expectation.

   N(m0, Gamma) on R^d is the law of Y = m0 + A G, G a vector of n independent
   standard normals and Gamma = A A^T (singular Gamma allowed).  For every a,

     E e^{<a,Y>}     = e^{<a,m0> + a^T Gamma a / 2}               (gaussian_mgf)
     E Y_k e^{<a,Y>} = (m0 + Gamma a)_k E e^{<a,Y>}               (gaussian_tilted_mean)

   so that population attention, V E[Y e^{<Uz,Y>}] / E e^{<Uz,Y>}, is the affine
   map z |-> V (m0 + Gamma U z)                                   (population_affine).
   Of the standard normal law mu two facts are used, for every b:
     E e^{bx} = e^{b^2/2},   E x e^{bx} = b e^{b^2/2}.

     normal_tilts mu      these two facts
     gaussian_vector k    Y_k = m0_k + sum_j A_kj G_j
     covariance k l       Gamma_kl = sum_j A_kj A_lj
     score                <a,Y> *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence.
Local Open Scope R_scope.

Definition normal_tilts (mu : Expectation R) : Prop := forall b,
  (Int mu (fun x => exp (b * x)) /\ Ex mu (fun x => exp (b * x)) = exp (b^2 / 2)) /\
  (Int mu (fun x => x * exp (b * x)) /\ Ex mu (fun x => x * exp (b * x)) = b * exp (b^2 / 2)).

Section Gaussian.
Context {Om : Type} (P : Expectation Om) (mu : Expectation R).
Variables (G : nat -> Om -> R) (n : nat).
Hypothesis PR : product_rule P mu G n.
Hypothesis normal : normal_tilts mu.

Lemma joint_mgf (b : nat -> R) :
  Int P (fun o => exp (rsum n (fun j => b j * G j o))) /\
  Ex P (fun o => exp (rsum n (fun j => b j * G j o))) = exp (rsum n (fun j => b j ^2) / 2).
Proof.
  destruct (product_rule_signed P mu G n PR (fun j x => exp (b j * x))) as [I E].
  { intros j _. apply normal. }
  assert (EQ : forall o, rprod n (fun j => exp (b j * G j o)) = exp (rsum n (fun j => b j * G j o)))
    by (intros; apply (rprod_exp_rsum n (fun j => b j * G j o))).
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E.
  rewrite (rprod_ext n _ (fun j => exp (b j ^2 / 2))) by (intros j _; apply normal).
  rewrite (rprod_exp_rsum n (fun j => b j ^2 / 2)). f_equal. unfold Rdiv. rewrite Rmult_comm, <- rsum_scal.
  apply rsum_ext; intros; ring.
Qed.

Lemma joint_tilted_mean (b : nat -> R) k : (k < n)%nat ->
  Int P (fun o => G k o * exp (rsum n (fun j => b j * G j o))) /\
  Ex P (fun o => G k o * exp (rsum n (fun j => b j * G j o))) = b k * exp (rsum n (fun j => b j ^2) / 2).
Proof.
  intros Hk.
  destruct (product_rule_signed P mu G n PR
    (fun j x => if Nat.eqb j k then x * exp (b j * x) else exp (b j * x))) as [I E].
  { intros j _. destruct (Nat.eqb j k); apply normal. }
  (* the factor c in slot k comes out of the product *)
  assert (slot : forall c (e : nat -> R),
    rprod n (fun j => if Nat.eqb j k then c * e j else e j) = c * rprod n e).
  { intros c e. rewrite (rprod_ext n _ (fun j => if Nat.eqb j k then c * e k + 0 * 0 else e j)).
    - rewrite (rprod_slot_linear n k) by auto. rewrite Rmult_0_l, Rplus_0_r. f_equal.
      apply rprod_ext; intros j _. destruct (Nat.eqb_spec j k); subst; auto.
    - intros j _. destruct (Nat.eqb_spec j k); subst; auto. ring. }
  assert (EQ : forall o,
    rprod n (fun j => (if Nat.eqb j k then fun x => x * exp (b j * x) else fun x => exp (b j * x)) (G j o))
    = G k o * exp (rsum n (fun j => b j * G j o))).
  { intros o. rewrite <- (rprod_exp_rsum n (fun j => b j * G j o)), <- slot.
    apply rprod_ext; intros j _. destruct (Nat.eqb_spec j k); subst; auto. }
  assert (EQ' : forall o,
    rprod n (fun j => (fun x => if Nat.eqb j k then x * exp (b j * x) else exp (b j * x)) (G j o))
    = G k o * exp (rsum n (fun j => b j * G j o))).
  { intros o. rewrite <- EQ. apply rprod_ext; intros j _. destruct (Nat.eqb j k); auto. }
  split; [eapply Int_ext; [exact EQ'|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ' I), E.
  rewrite (rprod_ext n _ (fun j => if Nat.eqb j k then b k * exp (b j ^2 / 2) else exp (b j ^2 / 2))).
  - rewrite slot, (rprod_exp_rsum n (fun j => b j ^2 / 2)). do 2 f_equal.
    unfold Rdiv. rewrite Rmult_comm, <- rsum_scal. apply rsum_ext; intros; ring.
  - intros j _. destruct (Nat.eqb_spec j k); subst; apply normal.
Qed.

(* Y = m0 + A G in R^d, Gamma = A A^T *)
Variables (d : nat) (m0 : nat -> R) (A : nat -> nat -> R).
Definition gaussian_vector k o := m0 k + rsum n (fun j => A k j * G j o).
Definition covariance k l := rsum n (fun j => A k j * A l j).
Let Y := gaussian_vector.

Variable a : nat -> R.
Definition score o := rsum d (fun k => a k * Y k o).
Let b j := rsum d (fun k => a k * A k j).      (* A^T a *)
Let c := rsum d (fun k => a k * m0 k).         (* <a, m0> *)

Lemma scoreE o : score o = c + rsum n (fun j => b j * G j o).
Proof.
  unfold score, Y, gaussian_vector, c, b.
  rewrite (rsum_ext n (fun j => rsum d (fun k => a k * A k j) * G j o)
    (fun j => rsum d (fun k => a k * A k j * G j o))).
  - rewrite rsum_swap, <- rsum_plus. apply rsum_ext; intros k _.
    rewrite Rmult_plus_distr_l. f_equal. rewrite <- rsum_scal. apply rsum_ext; intros; ring.
  - intros j _. rewrite Rmult_comm, <- rsum_scal. apply rsum_ext; intros; ring.
Qed.

(* (A (A^T a))_k = (Gamma a)_k and |A^T a|^2 = a^T Gamma a *)
Lemma covariance_apply k : rsum n (fun j => A k j * b j) = rsum d (fun l => covariance k l * a l).
Proof.
  unfold b, covariance.
  rewrite (rsum_ext n _ (fun j => rsum d (fun l => A k j * A l j * a l))).
  - rewrite rsum_swap. apply rsum_ext; intros l _.
    rewrite Rmult_comm, <- rsum_scal. apply rsum_ext; intros; ring.
  - intros j _. rewrite <- rsum_scal. apply rsum_ext; intros; ring.
Qed.

Lemma covariance_quadratic : rsum n (fun j => b j ^2) =
  rsum d (fun k => rsum d (fun l => a k * covariance k l * a l)).
Proof.
  rewrite (rsum_ext n _ (fun j => rsum d (fun k => a k * A k j * b j))).
  - rewrite rsum_swap. apply rsum_ext; intros k _.
    rewrite (rsum_ext n _ (fun j => a k * (A k j * b j))) by (intros; ring).
    rewrite rsum_scal, covariance_apply, <- rsum_scal. apply rsum_ext; intros; ring.
  - intros j _. transitivity (b j * rsum d (fun k => a k * A k j)); [unfold b; ring|].
    rewrite <- rsum_scal. apply rsum_ext; intros; ring.
Qed.

Let E0 := exp (rsum n (fun j => b j ^2) / 2).

Theorem gaussian_mgf : Int P (fun o => exp (score o)) /\
  Ex P (fun o => exp (score o)) =
  exp (rsum d (fun k => a k * m0 k) + rsum d (fun k => rsum d (fun l => a k * covariance k l * a l)) / 2).
Proof.
  destruct (joint_mgf b) as [I E].
  assert (EQ : forall o, exp c * exp (rsum n (fun j => b j * G j o)) = exp (score o)).
  { intros o. now rewrite scoreE, exp_plus. }
  assert (J := Int_scal P (exp c) _ I).
  split; [eapply Int_ext; [exact EQ|exact J]|].
  rewrite <- (Ex_ext P _ _ EQ J), Ex_scal, E, <- exp_plus, covariance_quadratic by auto. reflexivity.
Qed.

Theorem gaussian_tilted_mean k : Int P (fun o => Y k o * exp (score o)) /\
  Ex P (fun o => Y k o * exp (score o)) =
  (m0 k + rsum d (fun l => covariance k l * a l)) * Ex P (fun o => exp (score o)).
Proof.
  destruct (joint_mgf b) as [I0 EE0]. destruct gaussian_mgf as [IS _].
  pose (t := fun j o => G j o * exp (rsum n (fun i => b i * G i o))).
  assert (It : forall j, (j < n)%nat -> Int P (fun o => A k j * t j o)).
  { intros j Hj. apply Int_scal. now apply joint_tilted_mean. }
  assert (Isum := Int_rsum P n (fun j o => A k j * t j o) It).
  assert (J := Int_lin P (m0 k * exp c) (exp c) I0 Isum).
  assert (EQ : forall o, m0 k * exp c * exp (rsum n (fun j => b j * G j o))
    + exp c * rsum n (fun j => A k j * t j o) = Y k o * exp (score o)).
  { intros o. rewrite scoreE, exp_plus. unfold Y, gaussian_vector, t.
    rewrite (rsum_ext n (fun j => A k j * (G j o * exp (rsum n (fun i => b i * G i o))))
      (fun j => exp (rsum n (fun i => b i * G i o)) * (A k j * G j o))) by (intros; ring).
    rewrite rsum_scal. ring. }
  split; [eapply Int_ext; [exact EQ|exact J]|].
  rewrite <- (Ex_ext P _ _ EQ J), (Ex_lin P (m0 k * exp c) (exp c) I0 Isum), EE0.
  rewrite (Ex_rsum P n (fun j o => A k j * t j o)) by auto.
  assert (ES : Ex P (fun o => exp (score o)) = exp c * E0).
  { assert (EQ2 : forall o, exp c * exp (rsum n (fun j => b j * G j o)) = exp (score o)).
    { intros o. now rewrite scoreE, exp_plus. }
    rewrite <- (Ex_ext P _ _ EQ2) by now apply Int_scal.
    rewrite Ex_scal, EE0 by auto. reflexivity. }
  rewrite ES, <- covariance_apply.
  rewrite (rsum_ext n (fun j => Ex P (fun o => A k j * t j o)) (fun j => E0 * (A k j * b j))).
  - rewrite rsum_scal. unfold E0. ring.
  - intros j Hj. destruct (joint_tilted_mean b j Hj) as [I1 E1].
    rewrite Ex_scal by exact I1. unfold t. rewrite E1. fold E0. ring.
Qed.
End Gaussian.

(* Population attention of N(m0, A A^T) at the query z, with a = U z:
   coordinate i of V E[Y e^{<Uz,Y>}] / E e^{<Uz,Y>} is that of V (m0 + Gamma U z). *)
Theorem population_affine {Om : Type} (P : Expectation Om) (mu : Expectation R)
  (G : nat -> Om -> R) (n : nat) (PR : product_rule P mu G n) (normal : normal_tilts mu)
  (d q : nat) (m0 : nat -> R) (A : nat -> nat -> R)
  (U V : nat -> nat -> R) (z : nat -> R) (i : nat) :
  let a k := rsum q (fun l => U k l * z l) in
  let Y := gaussian_vector G n m0 A in
  let weight o := exp (score G n d m0 A a o) in
  Ex P (fun o => rsum d (fun k => V i k * Y k o) * weight o) / Ex P weight
  = rsum d (fun k => V i k * (m0 k + rsum d (fun l => covariance n A k l * a l))).
Proof.
  intros a Y weight.
  destruct (gaussian_mgf P mu G n PR normal d m0 A a) as [IW EW]. fold weight in IW, EW.
  assert (HW : Ex P weight <> 0).
  { rewrite EW. apply Rgt_not_eq, exp_pos. }
  assert (term : forall k, Int P (fun o => V i k * (Y k o * weight o)) /\
    Ex P (fun o => V i k * (Y k o * weight o))
    = V i k * ((m0 k + rsum d (fun l => covariance n A k l * a l)) * Ex P weight)).
  { intros k. destruct (gaussian_tilted_mean P mu G n PR normal d m0 A a k) as [I E].
    split; [now apply Int_scal|]. rewrite Ex_scal by exact I. f_equal. exact E. }
  assert (EQ : forall o, rsum d (fun k => V i k * (Y k o * weight o))
    = rsum d (fun k => V i k * Y k o) * weight o).
  { intros o. rewrite Rmult_comm, <- rsum_scal. apply rsum_ext; intros; ring. }
  assert (I : Int P (fun o => rsum d (fun k => V i k * (Y k o * weight o)))).
  { apply (Int_rsum P d (fun k o => V i k * (Y k o * weight o))). intros; apply term. }
  rewrite <- (Ex_ext P _ _ EQ I), (Ex_rsum P d (fun k o => V i k * (Y k o * weight o)))
    by (intros; apply term).
  rewrite (rsum_ext d _ (fun k => Ex P weight * (V i k * (m0 k + rsum d (fun l => covariance n A k l * a l))))).
  - rewrite rsum_scal. field. exact HW.
  - intros k _. rewrite (proj2 (term k)). ring.
Qed.
